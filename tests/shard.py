"""shard - a model directory's weights in three files, with their index

usage: python3 tests/shard.py SRC DST
"""
import json, os, struct, sys
src, dst = sys.argv[1], sys.argv[2]
data = open(src + "/model.safetensors", "rb").read()
n = struct.unpack("<Q", data[:8])[0]
head = json.loads(data[8:8 + n])
head.pop("__metadata__", None)
names = sorted(head, key=lambda k: head[k]["data_offsets"])
os.makedirs(dst)
index = {}
for i, part in enumerate((names[:5], names[5:9], names[9:]), 1):
    file, out, body = "model-%05d-of-00003.safetensors" % i, {}, b""
    for k in part:
        a, b = head[k]["data_offsets"]
        out[k] = dict(head[k], data_offsets=[len(body), len(body) + b - a])
        body += data[8 + n + a:8 + n + b]
        index[k] = file
    text = json.dumps(out).encode()
    open(dst + "/" + file, "wb").write(struct.pack("<Q", len(text)) + text + body)
json.dump({"metadata": {}, "weight_map": index}, open(dst + "/model.safetensors.index.json", "w"))
for f in os.listdir(src):
    if f in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        open(dst + "/" + f, "wb").write(open(src + "/" + f, "rb").read())
