"""kinds.py - answers of each type, and the same with one thing changed

Each type is a class with make(rng), show(rng, model) and change(rng, model).
show writes one of many forms that mean the same. change returns
(what was changed, the text of an answer that is not equal[, the form of the
model that this is not equal to]); that it is not
equal follows from the model, by a check beside each change, never from the
verifier. What graders and README.md hold to be equal (a unit left out, the
order of a list, a tolerance) is not produced as a change.
"""
from kinds_numbers import (Complex, Constant, Decimal, Function, Integer,
                           Numeral, Ratio, Special, Sum)
from kinds_relations import AtPoint, Cases, Congruence, Definition, Family, Line
from kinds_rows import List, Matrix, Named, Set, Tuple, Word
from kinds_sets import Excluded, Interval, Union
from kinds_units import Degrees, Money, Percent, Quantity
from notation import Notation

TYPES = [Integer, Integer, Decimal, Constant, Constant, Function, Function,
         Definition, AtPoint, Line, Quantity, Money, Percent, Degrees, Tuple,
         Set, List, Named, Matrix, Interval, Union, Excluded, Cases, Family,
         Congruence, Word, Ratio, Complex, Numeral, Sum, Special,
         Notation, Notation, Notation, Notation]
