"""peer_torch - transformers on torch as a peer of rollout and of dapo-step"""
import torch
import transformers

NAME = f"transformers {transformers.__version__} on torch {torch.__version__}"


class Peer:
    def __init__(self, dir_, type_, threads, tmp):
        torch.set_num_threads(threads)
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[type_]
        self.threads = threads
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            dir_, dtype=self.dtype).eval()

    def run(self, prompts, samples, n_new, greedy=False):
        x = torch.tensor(prompts)  # of one length
        how = dict(do_sample=False) if greedy else dict(
            do_sample=True, top_k=0, top_p=1.0, temperature=1.0,
            num_return_sequences=samples)
        with torch.inference_mode():
            out = self.model.generate(
                x, attention_mask=torch.ones_like(x), max_new_tokens=n_new,
                min_new_tokens=n_new, pad_token_id=0, **how)
        return out[:, x.shape[1]:].tolist()

    def update(self, batch):
        """One DAPO update of the batch; the quicker of two micro-batches."""
        from peer_update import Torch
        if not hasattr(self, "torch"):
            self.model.train()
            self.torch = Torch(self.model, batch).best(self.threads)
        self.torch.update(self.torch.micro)
