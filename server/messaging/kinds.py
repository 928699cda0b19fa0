"""The words of the messaging tables: kinds of gateways and messages, states, priorities. Pure."""

from typing import Final

GATEWAY_KINDS: Final = ("kannel", "android", "twilio", "generic", "fake")
KINDS: Final = ("receipt", "answer", "task", "alarm", "notice", "note")
"""What a message is for: the receipt of a report; the answer to a command; a volunteer's task; an alarm of the duty
coordinator; news for a reporter or volunteer; words that a person wrote."""
STATES: Final = ("queued", "sending", "sent", "delivered", "failed", "unsure", "dropped")
"""`sent`: the gateway has it. `unsure`: no answer came to an attempt; nobody knows, so it is not sent twice.
`dropped`: never sent, `reason` says why (stopped, expired, no_number)."""
LIFE: Final = 0
HIGH: Final = 1
NORMAL: Final = 2
LOW: Final = 3
"""Priorities, first to last. LIFE passes STOP, quiet hours, the limit of a number and the caps."""
ANSWERING: Final = frozenset({"receipt", "answer"})
"""Kinds that answer what the receiver herself has just sent: they pass STOP and quiet hours."""
