# tokenizer_shapes - 100,000 hard strings a shape, ours and Hugging Face's
N=100000 exec bash tests/parity/tokenizer_shapes.sh
