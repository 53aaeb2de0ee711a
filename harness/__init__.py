"""kernelwright: can an agent write correct and fast kernels for hardware it does not know?

Open first: `harness.task` (what is asked), `harness.backend` (what a target is), `harness.trial` (what is recorded), then
`harness.agent.loop` (how a trial runs) and `harness.grading.evaluate` (how a kernel is judged).
"""
