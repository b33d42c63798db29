/* window.c -- see window.h. What is declared here of SDL 2 is part of its stable binary interface (SDL.h of 2.0.0 and
 * later), so that no header of it is needed. */
#include "play/window.h"

#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    SDL_INIT_VIDEO = 0x20,
    SDL_WINDOWPOS_UNDEFINED = 0x1FFF0000,
    SDL_PIXELFORMAT_RGB24 = 0x17101803,
    SDL_TEXTUREACCESS_STREAMING = 1,
    SDL_QUIT = 0x100,
    SDL_KEYDOWN = 0x300,
    KEY_ESCAPE = 27,
    EVENT_KEY_AT = 5, /* 32-bit words before keysym.sym in a keyboard event */
    EVENT_WORDS = 32, /* more than the 56 bytes of an event */
};

/* X(result, name, arguments) */
#define SDL_CALLS(X)                                                                                                   \
    X(int, Init, (uint32_t))                                                                                           \
    X(const char *, GetCurrentVideoDriver, (void))                                                                     \
    X(void, Quit, (void))                                                                                              \
    X(const char *, GetError, (void))                                                                                  \
    X(void *, CreateWindow, (const char *, int, int, int, int, uint32_t))                                              \
    X(void *, CreateRenderer, (void *, int, uint32_t))                                                                 \
    X(void *, CreateTexture, (void *, uint32_t, int, int, int))                                                        \
    X(int, UpdateTexture, (void *, const void *, const void *, int))                                                   \
    X(int, RenderCopy, (void *, void *, const void *, const void *))                                                   \
    X(void, RenderPresent, (void *))                                                                                   \
    X(int, PollEvent, (void *))                                                                                        \
    X(uint32_t, GetTicks, (void))                                                                                      \
    X(void, Delay, (uint32_t))

struct window {
    void *library, *renderer, *texture; /* SDL_Quit() frees the last two */
    int width;
    double due; /* when the next picture may be shown, in ms of SDL's clock */
#define X(result, name, arguments) result(*name) arguments;
    SDL_CALLS(X)
#undef X
};

static int load(struct window *w)
{
    w->library = dlopen("libSDL2-2.0.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!w->library)
        return error_set(
            "a window takes SDL 2, which is not here: install the package libsdl2-2.0-0, or use `dunlin record`");
#define X(result, name, arguments)                                                                                     \
    *(void **)&w->name = dlsym(w->library, "SDL_" #name);                                                              \
    if (!w->name) return error_set("libSDL2-2.0.so.0 has no function SDL_%s: it is no SDL 2", #name);
    SDL_CALLS(X)
#undef X
    return 0;
}

/* Where no display answers SDL may take a driver that shows nothing; only who names it gets it. */
static bool drives_a_display(const struct window *w)
{
    const char *driver = w->GetCurrentVideoDriver();
    return getenv("SDL_VIDEODRIVER") || !driver || (strcmp(driver, "offscreen") && strcmp(driver, "dummy"));
}

struct window *window_open(const char *title, int height, int width)
{
    if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY") && !getenv("SDL_VIDEODRIVER")) {
        error_set("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): use ssh -X, or `dunlin record`");
        return NULL;
    }
    struct window *w = memory_new(1, sizeof *w);
    w->width = width;
    if (load(w)) {
        free(w);
        return NULL;
    }
    if (!w->Init(SDL_INIT_VIDEO) && drives_a_display(w)) {
        void *window = w->CreateWindow(title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, width, height, 0);
        if (window) w->renderer = w->CreateRenderer(window, -1, 0);
        if (w->renderer)
            w->texture =
                w->CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB24, SDL_TEXTUREACCESS_STREAMING, width, height);
    }
    if (w->texture) return w;
    error_set("no window can be opened: %s; `dunlin record` needs none",
              drives_a_display(w) ? w->GetError() : "the display does not answer");
    window_close(&w);
    return NULL;
}

/* Does the user want to leave. */
static int wants_to_leave(struct window *w)
{
    uint32_t event[EVENT_WORDS];
    while (w->PollEvent(event)) {
        const uint32_t key = event[EVENT_KEY_AT];
        if (event[0] == SDL_QUIT || (event[0] == SDL_KEYDOWN && (key == 'q' || key == KEY_ESCAPE))) return 1;
    }
    return 0;
}

int window_show(struct window *w, const uint8_t *rgb, double seconds)
{
    enum { PATIENCE = 50 }; /* ms between two looks at the keys */
    w->UpdateTexture(w->texture, NULL, rgb, 3 * w->width);
    w->RenderCopy(w->renderer, w->texture, NULL, NULL);
    w->RenderPresent(w->renderer);
    /* a step that took longer than its picture is not caught up with */
    w->due = fmax(w->due, (double)w->GetTicks()) + 1000 * seconds;
    for (;;) {
        const double left = w->due - (double)w->GetTicks();
        if (wants_to_leave(w)) return 1;
        if (left <= 0) return 0;
        w->Delay((uint32_t)fmin(left + 1, PATIENCE));
    }
}

/* The library stays: drivers that it loaded may not be unloaded. */
void window_close(struct window **w)
{
    if (!*w) return;
    (*w)->Quit();
    free(*w);
    *w = NULL;
}
