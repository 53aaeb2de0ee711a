"""The conformance kit: proves of a backend what the benchmark relies on, and says how to mend what is not so.

Open first: `kit`, the order of the checks. `bench` is what they share; `declared` reads what a backend says of itself, `manuals`
what agents are told, `kernels` grades baselines and wrong kernels, `secrets` looks for inputs where they must not be, `endings`
tries texts and specimens that end badly. A check never raises: a backend that does has failed it.
"""
