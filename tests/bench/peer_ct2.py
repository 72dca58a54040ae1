"""peer_ct2 - CTranslate2 as a peer of rollout, in fp32

Its model is made here by its own converter, which needs transformers and torch.
Samples of a prompt are hypotheses of one request.
"""
import os
import shutil

import ctranslate2
from ctranslate2.converters import TransformersConverter

NAME = f"CTranslate2 {ctranslate2.__version__}"


class Peer:
    def __init__(self, dir_, type_, threads, tmp):
        if type_ != "fp32":
            raise NotImplementedError("only fp32 is compared")
        out = os.path.join(tmp, "ct2")
        TransformersConverter(dir_).convert(out, force=True)
        self.model = ctranslate2.Generator(
            out, device="cpu", compute_type="float32", inter_threads=1,
            intra_threads=threads)
        shutil.rmtree(out)
        from transformers import AutoTokenizer
        self.names = AutoTokenizer.from_pretrained(dir_).convert_ids_to_tokens

    def run(self, prompts, samples, n_new, greedy=False):
        out = self.model.generate_batch(
            [self.names(p) for p in prompts], max_length=n_new,
            min_length=n_new, num_hypotheses=samples, beam_size=1,
            sampling_topk=1 if greedy else 0, include_prompt_in_result=False,
            max_batch_size=0)
        return [ids for r in out for ids in r.sequences_ids]
