"""`kwhouse tariff explain`: how a session got its price, period by period, read from what the engine left behind."""

from pipelines.billing.explaining.cdrs import explain_cdr
from pipelines.billing.explaining.explanation import Explanation
from pipelines.billing.explaining.sessions import explain_session
from pipelines.billing.explaining.text import in_words

__all__ = ["Explanation", "explain_cdr", "explain_session", "in_words"]
