"""bridge_serve.py -- the memory that is shared, and the loop; see bridge_make.py."""

# ---- the shared memory and the loop -------------------------------------------------------------------------------


class Bridge:
    def __init__(self, name, frame_skip, render):
        notes = []
        name, words, part = split_id(name)
        self.make, self.seeded = maker_of(name, words, render), None
        self.spare = self.made()
        self.skip, self.render, self.notes = frame_skip, render, notes
        env = self.spare
        space, self.keys, said = choose_part(env.observation_space, part, notes)
        self.picture = picture_of(space)
        if self.picture:
            self.shape, self.name = tuple(space.shape), said
        else:
            self.numbers = Numbers(space, said, notes)
            if not self.numbers.size:
                raise Refused(f"{said} holds no numbers")
            if self.numbers.size > COUNT_MOST:
                raise Refused(f"{said} holds {self.numbers.size} numbers; at most {COUNT_MOST} are allowed")
        self.actions = Actions(env.action_space)
        self.lay_out()
        self.envs, self.puts, self.steps = [None] * SLOTS, [None] * SLOTS, [None] * SLOTS

    def made(self):
        env = self.make()
        check_whole(env)
        if self.seeded is None:
            self.seeded = takes_seed(env.reset)
        return env

    def frame(self, env):
        """The picture that `render` shows, or None."""
        modes = (getattr(env, "metadata", None) or {}).get("render_modes") or ()
        shows = getattr(env, "render_mode", None) == "rgb_array" or not modes
        try:
            picture = env.render() if shows and callable(getattr(env, "render", None)) else None
        except NotImplementedError:  # Gymnasium's own, where nobody has written one
            picture = None
        picture = picture[-1] if isinstance(picture, list) and picture else picture
        return picture if isinstance(picture, np.ndarray) and picture.ndim == 3 and picture.shape[2] == 3 else None

    def drawn_size(self):
        """Height and width of what `record` shows; (0, 0): nothing. Without pictures of its own, its observation's."""
        if not self.render:
            return 0, 0
        try:
            self.spare.reset(**({"seed": 0} if self.seeded else {}))
            frame = self.frame(self.spare)
        except Exception as error:  # many need a further package to draw
            self.notes.append(f"it cannot be drawn: {line_of(error)}")
            frame = None
        self.draws = frame is not None
        if self.draws:
            return frame.shape[:2]
        return self.picture[:2] if self.picture and self.picture[2] in (1, 3) else (0, 0)

    def lay_out(self):
        """Writes the head, and maps the memory behind it."""
        a, p = self.actions, self.picture
        height, width, planes, first = p or (0, 0, 0, False)
        dim = 0 if p else self.numbers.size
        drawn = self.drawn_size()
        obs_bytes = height * width * planes if p else dim * 4
        constants = [] if p else [self.numbers.centre, self.numbers.scale]
        constants = np.concatenate([*constants, a.low, a.high, a.parts]).astype(np.float32)
        sizes = (8 * a.words * SLOTS, obs_bytes * SLOTS, 8 * SLOTS, SLOTS, 8 * SLOTS, constants.nbytes,
                 drawn[0] * drawn[1] * 3)
        at, places = HEAD_BYTES, []
        for n in sizes:
            places.append(at)
            at += (n + 63) // 64 * 64
        spec = getattr(self.spare, "spec", None)
        limit = getattr(spec, "max_episode_steps", None) or 0
        limit = math.ceil(limit / self.skip) if isinstance(limit, int) and 0 < limit < 2**31 else 0
        coloured = planes == 3 or (planes == 4 and not first)  # four that come first are frames
        action_at, obs_at, reward_at, flags_at, seed_at, constants_at, drawn_at = places
        head = struct.pack(HEAD, bool(p), dim, height, width, planes, a.count, a.dim, len(a.parts), *drawn, SLOTS,
                           coloured, limit, action_at, a.words * 8, obs_at, obs_bytes, reward_at, flags_at, seed_at,
                           constants_at, drawn_at, at)
        try:
            os.ftruncate(MEMORY, at)
            memory = self.memory = mmap.mmap(MEMORY, at)
        except (OSError, OverflowError, ValueError) as error:
            raise Refused(f"its observations take {obs_bytes} bytes each, and memory for them cannot be had: {error}")
        note = " ".join("; ".join(self.notes).split()).encode("utf-8", "replace")[: TEXT_BYTES - 1]
        memory[0 : len(head)] = head
        memory[TEXT_AT : TEXT_AT + len(note) + 1] = note + b"\0"
        memory[constants_at : constants_at + constants.nbytes] = constants.tobytes()

        def array(place, dtype, shape):
            return np.ndarray(shape, dtype, memory, place)

        self.rewards = memoryview(memory)[reward_at : reward_at + 8 * SLOTS].cast("d")
        self.flags = memoryview(memory)[flags_at : flags_at + SLOTS]
        self.seeds = memoryview(memory)[seed_at : seed_at + 8 * SLOTS].cast("q")
        if a.count:
            self.rows = memoryview(memory)[action_at : action_at + 8 * SLOTS].cast("q")
        elif a.dim:
            self.rows = array(action_at, np.float32, (SLOTS, 2 * a.words))[:, : a.words]
        else:
            self.rows = array(action_at, np.int64, (SLOTS, a.words))
        if not p:
            self.obs = array(obs_at, np.float32, (SLOTS, dim))
        else:
            self.obs = array(obs_at, np.uint8, (SLOTS, height, width, planes))
            if first:
                self.obs = self.obs.transpose(0, 3, 1, 2)
            self.obs = self.obs[..., 0] if len(self.shape) == 2 else self.obs
        self.drawn = array(drawn_at, np.uint8, (*drawn, 3))

    def put_of(self, k):
        """put(observation) -> row k."""
        row, keys = self.obs[k], self.keys
        if self.picture:
            shape, name, dtype = self.shape, self.name, np.dtype(np.uint8)

            def put(value):
                if value.__class__ is not np.ndarray or value.shape != shape or value.dtype is not dtype:
                    value = array_of(value, name)
                    if value.shape != shape or value.dtype != dtype:
                        raise Refused(
                            f"{name} has shape {value.shape} and dtype {value.dtype}; its space says {shape} and uint8"
                        )
                row[...] = value
        elif kind_of(self.numbers.space) == "Box":
            slow, shape, dtype = self.numbers.put, self.numbers.shape, np.dtype(self.numbers.space.dtype)
            shaped = row.reshape(shape)

            def put(value):
                if value.__class__ is np.ndarray and value.shape == shape and value.dtype is dtype:
                    shaped[...] = value
                else:
                    slow(value, row)
        else:
            part = self.numbers.put

            def put(value):
                part(value, row)

        def put_part(value):
            for key in keys:
                try:
                    value = value[key]
                except (KeyError, IndexError, TypeError):
                    raise Refused(f"its observation has no part {key!r}") from None
            put(value)

        return put_part if keys else put

    def do_make(self, k):
        self.envs[k], self.spare = self.spare or self.made(), None
        self.puts[k] = self.put_of(k)
        self.steps[k] = self.step_of(k)

    def do_reset(self, k):
        env = self.envs[k]
        out = env.reset(seed=self.seeds[k]) if self.seeded else env.reset()
        if not isinstance(out, tuple) or len(out) != 2:
            raise Refused(f"`reset` answers {shown(out)}; Gymnasium's two are needed: observation, info")
        self.puts[k](out[0])

    def step_of(self, k):
        """step() of row k. What it needs lies in its own variables: it is called for every step that is played."""
        env, put, taken, skip = self.envs[k], self.puts[k], self.actions.taken, self.skip
        rows, rewards, flags = self.rows, self.rewards, self.flags

        def step():
            a = taken(rows[k])
            out = env.step(a)
            if out.__class__ is not tuple or len(out) != 5:
                look_at_step(out)
            obs, reward, terminated, truncated, _ = out
            if skip > 1:
                reward, terminated, truncated = self.repeat(k, a, out)
            else:
                put(obs)
            try:
                rewards[k] = reward
            except (TypeError, ValueError):
                rewards[k] = number_of(reward)
            if terminated.__class__ is not bool or truncated.__class__ is not bool:
                terminated, truncated = truth_of("terminated", terminated), truth_of("truncated", truncated)
            flags[k] = (TERMINATED if terminated else 0) | (TRUNCATED if truncated else 0)

        return step

    def repeat(self, k, a, out):
        """The same action again, skip - 1 times; of pictures the brighter of the last two are seen, as what is drawn in
        every other frame would be missed."""
        env, put, before = self.envs[k], self.puts[k], None
        obs, reward, terminated, truncated, _ = out
        for _ in range(self.skip - 1):
            if truth_of("terminated", terminated) or truth_of("truncated", truncated):
                break
            if self.picture:
                put(obs)
                before = self.obs[k].copy()
            out = env.step(a)
            look_at_step(out)
            obs, r, terminated, truncated, _ = out
            reward = number_of(reward) + number_of(r)
        put(obs)
        if before is not None:
            np.maximum(before, self.obs[k], out=self.obs[k])
        return reward, terminated, truncated

    def do_step(self, k):
        self.steps[k]()

    def do_drop(self, k):
        env, self.envs[k], self.puts[k], self.steps[k] = self.envs[k], None, None, None
        close(env)

    def do_draw(self, k):
        if self.draws:
            frame = self.frame(self.envs[k])
            if frame is not None and frame.shape == self.drawn.shape:
                self.drawn[...] = frame
            return
        row = self.obs[k]
        if self.picture[3]:
            row = row.transpose(1, 2, 0)
        self.drawn[...] = row.reshape(*self.picture[:3])

    def do_loop(self, k):
        """As anyone plays it, seeds given too, for `dunlin bench actor`, which holds the bridge against it."""
        env, n = self.envs[k], self.actions.count
        actions = [i * LOOP_MIX % 2**32 // 2**16 % n if n else self.rows[k] for i in range(LOOP_STEPS)]
        for a in map(self.actions.taken, actions):
            for _ in range(self.skip):
                _, _, terminated, truncated, _ = env.step(a)
                if terminated or truncated:
                    env.reset(**({"seed": self.seeds[k]} if self.seeded else {}))
                    break

    def serve(self):
        todo = {MAKE: self.do_make, RESET: self.do_reset, STEP: self.do_step, DROP: self.do_drop, DRAW: self.do_draw,
                LOOP: self.do_loop}
        read, write, known = os.read, os.write, {}
        gc.freeze()  # what there is so far stays: it need not be looked through again and again
        while message := read(REQUEST, 4096):
            do, rows = known.get(message) or (None, None)
            if not do:  # most are like one before
                what, *rows = memoryview(message).cast("H")
                do = todo[what]
                if len(known) < KNOWN_MOST:
                    known[message] = do, rows
            for k in rows:
                do(k)
            write(REPLY, b"k")
        for env in filter(None, [*self.envs, self.spare]):
            close(env)


def look_at_step(out):
    if not isinstance(out, tuple) or len(out) != 5:
        raise Refused(
            f"`step` answers {shown(out)}; Gymnasium's five are needed: observation, reward, terminated, truncated, "
            f"info"
        )


def lone(value, kinds):
    """The number that it is, alone or in an array of its own; None where it is none of these kinds."""
    try:
        a = np.asarray(value)
    except ValueError:
        return None
    return a.item() if a.size == 1 and a.dtype.kind in kinds else None


def number_of(reward):
    number = lone(reward, "fiub")
    if number is None:
        raise Refused(f"`step` answers the reward {brief(reward)}; a number is needed")
    return float(number)


def truth_of(name, value):
    truth = lone(value, "biu")
    if truth is None:
        raise Refused(f"`step` answers {brief(value)} for `{name}`; True or False is needed")
    return bool(truth)


def brief(value):
    try:
        text = repr(value)
    except Exception:
        text = ""
    return f"{text[:60]} ({type(value).__name__})"


def shown(out):
    return f"{len(out)} things" if isinstance(out, tuple) else f"a {type(out).__name__}"


def close(env):
    try:
        getattr(env, "close", lambda: None)()
    except (Exception, SystemExit):
        pass  # nothing of it is needed any more


def main():
    global np
    parent, name, frame_skip, render = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"
    die_with(parent)
    bridge = None
    for fd in (REQUEST, REPLY, MEMORY):
        os.set_inheritable(fd, False)
    os.closerange(MEMORY + 1, 4096)
    sys.path[:] = [p for p in sys.path if p]  # a module of an id is an installed one, or on PYTHONPATH
    try:
        try:
            import numpy as np
        except ImportError:
            raise Refused(
                f"{sys.executable} has no module numpy: `{sys.executable} -m pip install gymnasium` brings it, or name "
                f"a Python that has it by --python"
            ) from None
        bridge = Bridge(name, frame_skip, render)
        os.write(REPLY, b"k")
        bridge.serve()
    except Exception as error:
        if bridge and not isinstance(error, Refused):  # what cannot be opened is one line
            traceback.print_exc()
        answer_error(line_of(error))
    except SystemExit as error:  # at once: a thread of theirs may go on for ever
        if error.code is not None and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)
        sys.stdout.flush()
        os._exit(error.code & 255 if isinstance(error.code, int) else int(error.code is not None))
    sys.stdout.flush()


main()
