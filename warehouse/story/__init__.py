"""The story of a session: from an invoice line to the frames that prove it, in words.

`words.py` has a sentence for every flag, `masking.py` hides tokens in payloads, `telling.py` collects the facts,
`text.py` writes them down for a terminal, `past.py` looks at what the session was before.
"""

from warehouse.story.past import as_it_was, explain, find, history, snapshot_at
from warehouse.story.telling import Frame, Story, tell
from warehouse.story.text import changes_in_words, in_words

__all__ = [
    "Frame",
    "Story",
    "as_it_was",
    "changes_in_words",
    "explain",
    "find",
    "history",
    "in_words",
    "snapshot_at",
    "tell",
]
