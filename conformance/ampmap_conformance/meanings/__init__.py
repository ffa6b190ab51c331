"""What a model call says, whatever dialect it is in: values, and how each dialect writes and reads them.

May import `dialects`, `wire` and `reference`.
"""

from .codec import Codec, FrameWriter, codecs
from .stream_reading import Streamed, StreamReader
from .values import (
    Completion,
    Conversation,
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
    "codecs",
    "user",
]
