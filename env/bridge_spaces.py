"""bridge_spaces.py -- spaces of observations and actions as numbers in rows; see bridge_make.py."""

# ---- observations -------------------------------------------------------------------------------------------------

KINDS = ("Box", "Discrete", "MultiDiscrete", "MultiBinary", "Dict", "Tuple", "Text")
SPACES = "allowed are Box, Discrete, MultiDiscrete, MultiBinary, and Dict and Tuple of these"


def kind_of(space):
    """By name, so that the spaces of gym, gymnasium and of a file without either do."""
    for c in type(space).__mro__:
        if c.__name__ in KINDS:
            return c.__name__
    return type(space).__name__


def parts_of(space):
    """Key and space of each part of a Dict or Tuple."""
    spaces = space.spaces
    return list(spaces.items()) if hasattr(spaces, "items") else list(enumerate(spaces))


def array_of(value, name):
    try:
        return np.asarray(value)
    except ValueError:
        raise Refused(f"{name} is no array: {brief(value)}") from None


def limits_of(space, shape):
    """Low and high of a Box, each a flat array of doubles."""
    return (np.asarray(np.broadcast_to(b, shape), np.float64).ravel() for b in (space.low, space.high))


class Numbers:
    """An observation that becomes `size` floats. put(value, row) writes them."""

    def __init__(self, space, name, notes):
        kind, self.name, self.space = kind_of(space), name, space
        self.centre = self.scale = None
        self.size = 0
        if kind == "Box":
            self.box(notes)
        elif kind == "MultiBinary":
            self.shape = tuple(np.shape(np.zeros(space.n)))
            self.array()
        elif kind == "Discrete":
            self.one_hot([int(space.n)], [int(getattr(space, "start", 0))])
        elif kind == "MultiDiscrete":
            sizes = np.asarray(space.nvec).ravel().tolist()
            self.one_hot(sizes, np.ravel(getattr(space, "start", np.zeros(len(sizes)))).astype(int).tolist())
        elif kind in ("Dict", "Tuple"):
            self.together(notes)
        elif kind == "Text":
            notes.append(f"{name} is text and is left out")
            self.put = lambda value, row: None
        else:
            raise Refused(f"{name} is a {kind} space; {SPACES}")
        if self.centre is None:
            self.centre, self.scale = np.zeros(self.size), np.ones(self.size)

    def array(self):
        self.size = int(np.prod(self.shape, dtype=np.int64))
        shape, name = self.shape, self.name

        def put(value, row):
            a = array_of(value, name)
            if a.shape != shape or a.dtype.kind not in "fiub":
                raise Refused(f"{name} has shape {a.shape} and dtype {a.dtype}; its space says {shape} and numbers")
            row[...] = a.ravel()

        self.put = put

    def box(self, notes):
        space = self.space
        self.shape = tuple(int(n) for n in space.shape)
        self.array()
        low, high = limits_of(space, self.shape)
        # bounds of bytes that are those of the type say nothing; others are a Box's as any
        if np.dtype(space.dtype) == np.uint8 and len(self.shape) > 1 and (low == 0).all() and (high == 255).all():
            large = sorted(self.shape)[-2] >= PICTURE_SIDE  # pixels; else small integers, such as kinds of things
            notes.append(
                f"{self.name} of {'x'.join(map(str, self.shape))} bytes is taken as numbers: a picture has sides of "
                f"{PICTURE_SIDE} at least and, first or last, 1 to 4 planes"
            )
            self.centre, self.scale = np.zeros(self.size), np.full(self.size, 1 / 255 if large else 0.1)
            return
        with np.errstate(all="ignore"):
            half = np.where(np.isfinite(low) & np.isfinite(high), (high / 2 - low / 2), 0)
            scaled = ((half > 0) & (half < 1)) | ((half > 10) & (half < 1e6))
            self.centre = np.where(scaled, low / 2 + high / 2, 0)
            self.scale = np.where(scaled, 1 / np.where(scaled, half, 1), 1)

    def one_hot(self, sizes, starts):
        self.size = sum(sizes)
        if self.size > ONE_HOT_MOST:
            raise Refused(f"{self.name} has {self.size} values, each an input; at most {ONE_HOT_MOST} are allowed")
        first = [sum(sizes[:i]) for i in range(len(sizes))]
        name = self.name

        def put(value, row):
            row[...] = 0
            values = array_of(value, name).ravel()
            if len(values) != len(sizes) or values.dtype.kind not in "iub":
                raise Refused(f"{name} is {brief(value)}, which is not in its space: {len(sizes)} whole numbers")
            for v, n, start, at in zip(values.tolist(), sizes, starts, first):
                if not 0 <= v - start < n:
                    raise Refused(f"{name} is {value!r}, which is not in its space: {start} to {start + n - 1}")
                row[at + v - start] = 1

        self.put = put

    def together(self, notes):
        parts = [(key, Numbers(s, f"{self.name}[{key!r}]", notes)) for key, s in parts_of(self.space)]
        self.size = sum(p.size for _, p in parts)
        self.centre = np.concatenate([p.centre for _, p in parts] or [np.zeros(0)])
        self.scale = np.concatenate([p.scale for _, p in parts] or [np.ones(0)])
        name, at, rows = self.name, 0, []
        for key, p in parts:
            rows.append((key, p.put, slice(at, at + p.size)))
            at += p.size

        def put(value, row):
            for key, part, place in rows:
                try:
                    v = value[key]
                except (KeyError, IndexError, TypeError):
                    raise Refused(f"{name} has no part {key!r}") from None
                part(v, row[place])

        self.put = put


def picture_of(space):
    """(height, width, planes, planes come first) of a space of pictures, else None."""
    if kind_of(space) != "Box" or np.dtype(space.dtype) != np.uint8 or len(space.shape) not in (2, 3):
        return None
    shape = tuple(int(n) for n in space.shape)
    if len(shape) == 2:
        shape += (1,)
    first = not 1 <= shape[2] <= 4 and 1 <= shape[0] <= 4
    h, w, planes = (shape[1], shape[2], shape[0]) if first else shape
    return (h, w, planes, first) if planes <= 4 and min(h, w) >= PICTURE_SIDE else None


def leaves_of(space, path=()):
    """Keys and space of each part that has no parts itself."""
    if kind_of(space) not in ("Dict", "Tuple"):
        return [(path, space)]
    return [leaf for key, s in parts_of(space) for leaf in leaves_of(s, (*path, key))]


def dotted(path):
    return ".".join(map(str, path))


def choose_part(space, part, notes):
    """The part of the observation that is played by, and its keys."""
    keys, name = [], "its observation"
    for key in part.split(".") if part else ():
        if kind_of(space) not in ("Dict", "Tuple"):
            raise Refused(f"?obs={part}: {name} has no parts (it is a {kind_of(space)} space)")
        known = dict(parts_of(space))
        key = int(key) if kind_of(space) == "Tuple" and key.isdigit() else key
        if key not in known:
            raise Refused(f"?obs={part}: {name} has no part {key!r}; it has {', '.join(map(str, known))}")
        space = known[key]
        keys.append(key)
        name += f"[{key!r}]"
    leaves = leaves_of(space)
    pictures = [leaf for leaf in leaves if leaf[0] and picture_of(leaf[1])]
    if not pictures:
        return space, keys, name
    path, chosen = next((p for p in pictures if p[0][-1] in ("image", "screen", "rgb")), pictures[0])
    rest = [f"{dotted(p)} ({kind_of(s)})" for p, s in leaves if p != path]
    if rest:
        notes.append(f"{name}: played by the picture {dotted(path)!r} alone; left out: {', '.join(rest)}")
    return chosen, [*keys, *path], name + "".join(f"[{key!r}]" for key in path)


# ---- actions ------------------------------------------------------------------------------------------------------


def bounds_of(space, shape):
    """Low and high as float32, no further out than the space's own."""
    low, high = limits_of(space, shape)
    if not ((np.abs(low) <= BOUND_MOST).all() and (np.abs(high) <= BOUND_MOST).all() and (low < high).all()):
        raise Refused(
            "its actions have no finite bounds, low below high; wrap it, as in gymnasium.wrappers.TransformAction "
            "with an action_space that has them"
        )
    near = [low.astype(np.float32), high.astype(np.float32)]
    low = np.where(near[0] < low, np.nextafter(near[0], np.float32(np.inf)), near[0])
    return low, np.where(near[1] > high, np.nextafter(near[1], np.float32(-np.inf)), near[1])


class Actions:
    """What the head says of them, and taken(row) -> what `step` is given."""

    def __init__(self, space):
        kind = kind_of(space)
        self.count = self.dim = 0
        self.parts, self.low, self.high = [], [], []
        if kind == "Discrete":
            self.count, start = int(space.n), int(getattr(space, "start", 0))
            self.words = 1
            self.taken = lambda row: row + start
        elif kind == "Box":
            shape, dtype = tuple(space.shape), np.dtype(space.dtype)
            low, high = bounds_of(space, shape)
            self.dim, self.low, self.high = low.size, low.tolist(), high.tolist()
            self.words = self.dim
            if dtype.kind in "iu":
                self.taken = lambda row: np.rint(row).astype(dtype).reshape(shape)
            else:
                self.taken = lambda row: row.astype(dtype).reshape(shape)
        elif kind in ("MultiDiscrete", "MultiBinary"):
            binary = kind == "MultiBinary"
            shape = np.zeros(space.n).shape if binary else np.asarray(space.nvec).shape
            start = 0 if binary else getattr(space, "start", 0)
            self.parts = np.ravel(np.full(shape, 2) if binary else space.nvec).astype(int).tolist()
            dtype = np.dtype(space.dtype)
            self.words = len(self.parts)
            self.taken = lambda row: (row.reshape(shape) + start).astype(dtype)
        else:
            raise Refused(
                f"its actions are a {kind} space; allowed are Discrete, MultiDiscrete, MultiBinary and Box"
            )
        if self.count < 1 and self.dim < 1 and (not self.parts or min(self.parts) < 1):
            raise Refused(f"its action space {space} is empty")
        if max([self.count, self.dim, sum(self.parts)]) > COUNT_MOST:
            raise Refused(f"its action space {space} is too large: at most {COUNT_MOST} to choose from are allowed")
