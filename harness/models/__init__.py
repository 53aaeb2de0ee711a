"""Adapters that turn a provider into a `harness.model.Model`, and the offline models that need none.

Open first: `openai_chat` (the shape of every adapter), then `wire` (what adapters share) and `retry` (the failure table). The
offline models are `compiler`, `scripted` and `replay`; `fake_server` puts any model behind the real wire protocols. Models are
made by name with `resolve.create_model`.
"""
