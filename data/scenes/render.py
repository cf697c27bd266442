"""Scene -> image: a small interpreter of sprites, and the only module that draws with Pillow.

A sprite is a list of shapes in a box; a thing's sprite is drawn into its box, in its colour, with
its pattern or material. Images are drawn at three times their size and then reduced, so that edges
are smooth.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageColor, ImageDraw

from data.scenes.layers import Frame, back_to_front
from data.scenes.shapes import Shape, sprite
from data.scenes.vocabulary import colours
from data.scenes.world import WIDTH, Scene, Thing

Colour = tuple[int, int, int]

_OVERSAMPLING = 3
_WHITE: Colour = (250, 249, 244)
_NATURAL: Mapping[str, Colour] = {
    "wooden": (178, 124, 74),
    "metal": (164, 170, 180),
    "glass": (186, 224, 236),
}
_TINTS: Mapping[str, tuple[Colour, float]] = {
    "night": ((24, 32, 80), 0.45),
    "sunset": ((226, 120, 70), 0.16),
}


def render(scene: Scene, *, size: int = 128) -> Image.Image:
    """Return the image of a scene, `size` pixels wide and high."""
    pixels = size * _OVERSAMPLING
    unit = pixels / WIDTH
    canvas = _background(scene.place, scene.sky, pixels).copy()
    for index, layer in back_to_front(scene):
        _draw_thing(canvas, scene, index, layer, unit)
    _draw_strings(canvas, scene, unit)
    return canvas.resize((size, size), Image.Resampling.BOX)


def png(scene: Scene, *, size: int = 128) -> bytes:
    """Return the image of a scene as a PNG file."""
    buffer = BytesIO()
    render(scene, size=size).save(buffer, "PNG")
    return buffer.getvalue()


def write_images(folder: Path, scenes: Iterable[tuple[str, Scene]], *, size: int = 128) -> int:
    """Write each scene's image under its key; return the number of images."""
    count = 0
    for count, (image, scene) in enumerate(scenes, start=1):  # noqa: B007 - the count is returned
        path = folder / image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(scene, size=size))
    return count


@cache
def _background(setting: str, sky: str, pixels: int) -> Image.Image:
    canvas = Image.new("RGB", (pixels, pixels), _WHITE)
    frame = Frame(0, 0, pixels, pixels, pixels / WIDTH, mirrored=False)
    for shape in sprite("sky", sky) if sky else ():
        _draw_shape(canvas, shape, frame, "", _WHITE)
    empty = canvas.copy()
    for shape in sprite("place", setting):
        _draw_shape(canvas, shape, frame, "", _WHITE)
    if sky in _TINTS:  # the time of day tints everything but the sky
        tint, strength = _TINTS[sky]
        lit = Image.blend(canvas, Image.new("RGB", canvas.size, tint), strength)
        changed = ImageChops.difference(canvas, empty).convert("L").point(_any_difference)
        canvas.paste(lit, (0, 0), changed)
    return canvas


def _any_difference(level: int) -> int:
    return 255 if level else 0


def _draw_thing(canvas: Image.Image, scene: Scene, index: int, pose: str, unit: float) -> None:
    thing = scene.things[index]
    frame = Frame(
        thing.left * unit,
        (thing.ground - thing.base - thing.height) * unit,
        thing.width * unit,
        thing.height * unit,
        unit,
        mirrored=thing.facing < 0,
    )
    colour = _NATURAL.get(thing.finish) or colours().get(thing.colour, _WHITE)
    if thing.base == 0 and thing.link not in {"wear", "in"} and thing.pose not in {"swim", "float"}:
        _draw_shadow(canvas, thing, unit)
    for shape in sprite(thing.kind, pose):
        _draw_shape(canvas, shape, frame, thing.finish, colour)


def _draw_shadow(canvas: Image.Image, thing: Thing, unit: float) -> None:
    """Darken the ground under a thing."""
    left, right = thing.left - 1, thing.left + thing.width + 1
    box = tuple(int(v * unit) for v in (left, thing.ground - 2, right, thing.ground + 2.5))
    mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, mask.width - 1, mask.height - 1), fill=60)
    canvas.paste((30, 36, 40), (box[0], box[1]), mask)


def _draw_strings(canvas: Image.Image, scene: Scene, unit: float) -> None:
    """Draw the kite's string and the dog's leash."""
    draw = ImageDraw.Draw(canvas)
    for thing in scene.things:
        if thing.link == "fly":
            person, far = scene.things[thing.host], thing
            end = (far.left + far.width / 2, far.ground - far.base + 2)
        elif thing.link == "walk":
            person, far = thing, scene.things[thing.host]
            end = (far.left + far.width * 0.68, far.ground - far.height * 0.52)
        else:
            continue
        hand = person.left + person.width * (0.5 + 0.46 * person.facing)
        start = (hand, person.ground - person.base - person.height * 0.5)
        points = [(x * unit, y * unit) for x, y in (start, end)]
        draw.line(points, fill=(60, 50, 50), width=max(1, round(0.6 * unit)))


def _draw_shape(
    canvas: Image.Image, shape: Shape, frame: Frame, finish: str, colour: Colour
) -> None:
    """Draw one shape; a pattern or material is filled through a mask."""
    if shape.name == "fade":
        _fade(canvas, shape, frame)
        return
    dark = _mix(colour, (20, 16, 30), 0.32)
    edge = dark if shape.role == "body" else None
    if shape.role != "body" or not finish:
        _trace(ImageDraw.Draw(canvas), shape, frame, _fill(shape.role, colour), edge)
        return
    if shape.name in {"line", "arc", "ring"}:
        _trace(ImageDraw.Draw(canvas), shape, frame, colour, edge)
        return
    corners = frame.points(shape.numbers[-4:] if shape.name != "poly" else shape.numbers)
    if shape.name == "pie":
        corners = frame.points(shape.numbers[:4])
    left, top = (int(min(c[axis] for c in corners)) - 2 for axis in (0, 1))
    right, bottom = (int(max(c[axis] for c in corners)) + 3 for axis in (0, 1))
    mask = Image.new("L", (right - left, bottom - top), 0)
    _trace(ImageDraw.Draw(mask), shape, frame.shifted(left, top), 255, None)
    canvas.paste(_texture(finish, colour, mask.size, frame.unit), (left, top), mask)
    _trace(ImageDraw.Draw(canvas), shape, frame, None, edge)


def _fill(role: str, colour: Colour) -> Colour:
    if role in {"body", "fill"}:
        return colour
    if role == "shade":
        return _mix(colour, (20, 16, 30), 0.24)
    if role == "light":
        return _mix(colour, (255, 255, 255), 0.42)
    red, green, blue = ImageColor.getrgb(role)[:3]
    return red, green, blue


def _mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _trace(
    draw: ImageDraw.ImageDraw,
    shape: Shape,
    frame: Frame,
    fill: Colour | int | None,
    edge: Colour | None,
) -> None:
    """Draw a shape's area and its edge."""
    numbers = shape.numbers
    line = max(1, round(0.55 * frame.unit)) if edge else 0
    if shape.name in {"line", "ring", "arc"}:
        _stroke(draw, shape, frame, fill)
    elif shape.name == "poly":
        points = frame.points(numbers)
        if fill is not None:
            draw.polygon(points, fill=fill)
        if edge:
            draw.line([*points, points[0]], fill=edge, width=line, joint="curve")
    elif shape.name == "ellipse":
        draw.ellipse(_box(frame, numbers), fill=fill, outline=edge, width=line)
    elif shape.name == "rect":
        draw.rectangle(_box(frame, numbers), fill=fill, outline=edge, width=line)
    elif shape.name == "round":
        box = _box(frame, numbers[1:])
        radius = numbers[0] * frame.unit
        try:
            draw.rounded_rectangle(box, radius=radius, fill=fill, outline=edge, width=line)
        except ValueError:  # Pillow raises it if rounded corners leave less than a pixel of a side
            draw.ellipse(box, fill=fill, outline=edge, width=line)
    else:
        start, end = _angles(frame, numbers[4], numbers[5])
        draw.pieslice(_box(frame, numbers[:4]), start, end, fill=fill, outline=edge, width=line)


def _stroke(
    draw: ImageDraw.ImageDraw, shape: Shape, frame: Frame, fill: Colour | int | None
) -> None:
    """Draw a line, a ring or an arc; the first number is its width."""
    if fill is None:
        return
    width, *numbers = shape.numbers
    pixels = max(1, round(width * frame.unit))
    if shape.name == "line":
        points = frame.points(numbers)
        draw.line(points, fill=fill, width=pixels, joint="curve")
        radius = pixels / 2
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    elif shape.name == "ring":
        draw.ellipse(_box(frame, numbers), outline=fill, width=pixels)
    else:
        start, end = _angles(frame, numbers[4], numbers[5])
        draw.arc(_box(frame, numbers[:4]), start, end, fill=fill, width=pixels)


def _box(frame: Frame, numbers: Iterable[float]) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = frame.points(numbers)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _angles(frame: Frame, start: float, end: float) -> tuple[float, float]:
    return (180 - end, 180 - start) if frame.mirrored else (start, end)


def _fade(canvas: Image.Image, shape: Shape, frame: Frame) -> None:
    """Fill a rectangle with a gradient from top to bottom."""
    upper, lower = (_fill(role, _WHITE) for role in shape.role.split("-"))
    left, top, right, bottom = (round(v) for v in _box(frame, shape.numbers))
    draw = ImageDraw.Draw(canvas)
    for y in range(top, bottom + 1):
        share = (y - top) / max(1, bottom - top)
        draw.line((left, y, right, y), fill=_mix(upper, lower, share))


def _texture(finish: str, colour: Colour, size: tuple[int, int], unit: float) -> Image.Image:
    """Return a rectangle of a pattern or a material."""
    texture = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(texture)
    width, height = size
    pale = _WHITE if sum(colour) < 690 else (176, 176, 186)
    step = 4.6 * unit
    if finish == "striped":
        for n in range(int((width + height) / step) + 1):
            x = n * step
            draw.line((x, -2, x - height, height - 2), fill=pale, width=round(step * 0.42))
    elif finish == "dotted":
        radius = 0.95 * unit
        for row in range(int(height / step * 1.2) + 2):
            for column in range(int(width / step) + 2):
                x, y = (column + row % 2 / 2) * step, row * step * 0.84 + unit
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=pale)
    elif finish == "wooden":
        for row in range(int(height / (1.9 * unit)) + 1):
            y = (row + 0.6) * 1.9 * unit
            draw.line(
                (0, y, width, y + 0.5 * unit), fill=(140, 92, 52), width=max(1, int(unit / 2))
            )
    else:
        for n in range(3):
            x = width * (0.18 + 0.34 * n)
            shine = _mix(colour, (255, 255, 255), 0.6)
            draw.line((x, -2, x - height * 0.3, height + 2), fill=shine, width=round(1.5 * unit))
    return texture
