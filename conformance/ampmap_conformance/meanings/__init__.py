"""What a model call says, whatever dialect it is in: values, and how each dialect writes and reads them.

May import `dialects`, `wire` and `reference`.
"""

from .answers import read_failure
from .codec import Codec, FrameWriter, codecs
from .plain import from_plain, to_plain
from .stream_reading import Streamed, StreamReader
from .stream_writing import by_word
from .values import (
    Completion,
    Conversation,
    Demands,
    Failure,
    Finish,
    Image,
    Part,
    Said,
    Side,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    assistant,
    user,
)

__all__ = [
    "Codec",
    "Completion",
    "Conversation",
    "Demands",
    "Failure",
    "Finish",
    "FrameWriter",
    "Image",
    "Part",
    "Said",
    "Side",
    "StreamReader",
    "Streamed",
    "Text",
    "Thinking",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Usage",
    "assistant",
    "by_word",
    "codecs",
    "from_plain",
    "read_failure",
    "to_plain",
    "user",
]
