"""Posters: one frame of a video as a JPEG, with the pixels' shape as they are shown."""

from fractions import Fraction

from av import CodecContext, VideoFrame
from av.video.reformatter import ColorRange, Interpolation

MOST_BYTES = 200_000
QUANTIZERS = (3, 8, 31)
"""Tried in order until the poster is small enough."""
LONGEST_SIDE = 960


def make_poster(frame: VideoFrame, pixel_aspect: int) -> bytes:
    """A JPEG of at most `MOST_BYTES` of the frame, whose pixels are shown so many times as wide as high."""
    shrink = max(1, -(-max(frame.width * pixel_aspect, frame.height) // LONGEST_SIDE))
    picture = frame.reformat(
        width=frame.width * pixel_aspect // shrink // 2 * 2,
        height=frame.height // shrink // 2 * 2,
        format="yuvj420p",
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.POINT if shrink == 1 else Interpolation.AREA,
    )
    made = b""
    for quantizer in QUANTIZERS:
        made = _encode(picture, quantizer)
        if len(made) <= MOST_BYTES:
            break
    return made


def _encode(picture: VideoFrame, quantizer: int) -> bytes:
    context = CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = picture.width, picture.height, "yuvj420p"
    context.time_base = Fraction(1, 60)
    context.options = {"qmin": str(quantizer), "qmax": str(quantizer)}
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])
