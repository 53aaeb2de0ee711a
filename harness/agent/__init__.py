"""The agent: a model in a tool loop that writes a kernel.

Open first: `harness.agent.loop` (the loop), then `harness.agent.tools` (what the model can do), `harness.agent.limits` (when it
must stop) and `harness.agent.prompts` (every word that it reads).
"""
