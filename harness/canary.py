"""The mark that every prompt and manual carries, so that their text can be found in a training set.

It is a GUID that occurs nowhere else. `LINE` does not say what it marks: a model that is told that it is being measured may
behave otherwise. To search a corpus for it, look for the GUID alone; to ask a model, give it the first half and see whether it
completes the second. It never changes: text that was published with it stays findable.
"""

GUID = "9c346440-8004-4794-b59a-e59b57645011"
"""What to search for."""
LINE = f"Document {GUID}"
"""What stands in the text."""
