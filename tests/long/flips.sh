# flips: 200 single bits over all files of a finished run of the smoke preset
FLIPS=200 WIDE=1 . tests/fault/flips.sh
