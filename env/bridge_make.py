"""bridge_make.py, bridge_spaces.py, bridge_serve.py -- one program, in this order: a process of its own that holds the
Python environments of one process of Dunlin. It is part of the binary, and bridge_spawn.c starts it.

Words: PARENT ID FRAME_SKIP RENDER. Messages are 16-bit numbers over a pipe, an operation and the environments it is
for; the answer over another is b"k", or b"e" with a line in the memory that both share. That memory holds a head, as
struct bridge_head of bridge.h lays it out, and arrays with a row for each environment.
"""

import functools
import gc
import importlib.util
import inspect
import json
import math
import mmap
import os
import signal
import struct
import sys
import traceback

REQUEST, REPLY, MEMORY = 4, 5, 6  # descriptors
MAKE, RESET, STEP, DROP, DRAW, LOOP = range(1, 7)  # operations
LOOP_STEPS, LOOP_MIX = 512, 40503
HEAD = "=12I11q"
HEAD_BYTES, TEXT_AT, TEXT_BYTES = 4096, 256, 2048
SLOTS = 1026  # 1024 that train, one of an evaluation, one to spare; rows that nobody touches take no memory
KNOWN_MOST = 4096  # messages that need not be taken apart again
PICTURE_SIDE = 32  # bytes with shorter sides are no picture
ONE_HOT_MOST = 65536
COUNT_MOST = 2**24  # actions to choose from, or numbers of an observation
BOUND_MOST = 1e37  # of an action: float32 still holds the distance of two
TERMINATED, TRUNCATED = 1, 2
PYTHON_WORDS = {"True": True, "False": False, "None": None}  # beside those of JSON
PROGRAM = "dunlin/bridge.py"  # in tracebacks


class Refused(Exception):
    """What the user has to know, in one line."""


def die_with(parent):
    """Ends this process with its parent, whatever runs here then."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    except Exception:
        pass  # the pipe's end tells, too, but not in the middle of a step
    if os.getppid() != parent:
        os._exit(1)


def answer_error(line):
    text = " ".join(line.split()).encode("utf-8", "replace")[: TEXT_BYTES - 1]
    os.pwrite(MEMORY, text + b"\0", TEXT_AT)
    os.write(REPLY, b"e")


def where(error):
    """The place in the user's code, innermost but of libraries."""
    frames = traceback.extract_tb(error.__traceback__)
    frames = [f for f in frames if f.filename not in (PROGRAM, importlib.__file__) and not f.filename.startswith("<")]
    own = [f for f in frames if "-packages" not in f.filename] or frames
    return f" ({os.path.basename(own[-1].filename)}:{own[-1].lineno} in {own[-1].name})" if own else ""


def line_of(error):
    if isinstance(error, Refused):
        return str(error)
    try:
        text = str(error)
    except Exception:  # it cannot say what it is
        text = ""
    return f"{type(error).__name__}{text and ': ' + text}{where(error)}"


# ---- environments -------------------------------------------------------------------------------------------------


def value_of(text):
    if text in PYTHON_WORDS:
        return PYTHON_WORDS[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


def split_id(name):
    """NAME?key=value&... -> NAME, the keyword arguments, and the part of the observation that is asked for."""
    name, _, query = name.partition("?")
    words, part = {}, None
    for word in filter(None, query.split("&")):
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise Refused(f'"{word}": arguments are ?key=value, more of them with & between')
        if key == "obs":
            part = value
        else:
            words[key] = value_of(value)
    return name, words, part


def load_file(path, name):
    """The function or class `name` of the file."""
    if not os.path.isfile(path):
        raise Refused(f"there is no file {path}")
    folder = os.path.dirname(os.path.abspath(path))
    sys.path.insert(0, folder)
    module_name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        raise Refused(f"{path} has no function {name}")
    return found


def takes(function, word):
    """True or False; None: by its **words, as it seems, which only a try can tell."""
    try:
        known = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    if word in known:
        return True
    return None if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()) else False


def takes_seed(reset):
    """Does it take a seed: of one that passes **words on, a first reset tells."""
    known = takes(reset, "seed")
    if known is None:
        try:
            reset(seed=0)
        except TypeError:
            return False
    return known is not False


def drawing(make, words):
    """make(**words), such that it draws into memory where it can: many have no such mode, and say so in many ways."""
    if "render_mode" not in words:
        try:
            return make(render_mode="rgb_array", **words)
        except Exception:
            pass  # what is wrong without it, too, is said below
    return make(**words)


def registered(name, words, render):
    """A maker of an environment that is known to gymnasium by its id."""
    try:
        import gymnasium
    except ImportError as error:
        if getattr(error, "name", None) != "gymnasium":
            raise
        raise Refused(
            f"{sys.executable} has no module gymnasium: `{sys.executable} -m pip install gymnasium`, or name a Python "
            f"that has it by --python"
        ) from None
    module, _, short = name.rpartition(":")
    if module:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise Refused(
                f"module {module} cannot be imported: {error}; install it for {sys.executable}, or name another Python "
                f"by --python"
            ) from None

    opened = functools.partial(gymnasium.make, short, disable_env_checker=True)

    def make():
        try:
            return drawing(opened, words) if render else opened(**words)
        except gymnasium.error.UnregisteredEnv as error:
            refused = f"{error} (gymnasium.pprint_registry() lists what {sys.executable} has)"
        except (gymnasium.error.Error, TypeError, ImportError) as error:
            refused = line_of(error)
        raise Refused(refused)

    return make


def maker_of(name, words, render):
    path, colon, function = name.rpartition(":")
    if name.removesuffix(":").endswith(".py"):
        path = name.removesuffix(":")
        raise Refused(f"{path}: name the function that makes the environment: gym:{path}:FUNCTION")
    if not colon or not path.endswith(".py"):
        return registered(name, words, render)
    factory = load_file(path, function)
    draws = render and takes(factory, "render_mode") is not False
    return lambda: drawing(factory, words) if draws else factory(**words)


def check_whole(env):
    missing = [n for n in ("reset", "step") if not callable(getattr(env, n, None))]
    missing += [n for n in ("observation_space", "action_space") if getattr(env, n, None) is None]
    if missing:
        raise Refused(
            f"what it makes ({type(env).__name__}) has no {' and no '.join(missing)}; Gymnasium's interface is needed: "
            f"reset, step, observation_space, action_space"
        )
