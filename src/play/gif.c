/* gif.c -- animated GIF (89a) by giflib.
 *
 * A picture is stored as what changed since the one before it: the smallest rectangle around the changed pixels, in
 * which unchanged ones are transparent, with a palette of just the colours that it needs. Exact as long as a picture
 * brings no more than 255 new colours, which drawn environments and Atari never do; else its pixels are rounded to a
 * cube of 6 x 6 x 6 colours. Delays are whole hundredths of a second; their rounding errors do
 * not add up. */
#include <gif_lib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "play/movie.h"

enum { COLOURS_MOST = 255, CUBE = 6, TABLE = 1024, NOT_FOUND = -1 };

struct gif {
    GifFileType *file;
    char path[400];
    int height, width;
    double fps;
    int64_t shown;    /* in 1/fps s, of all pictures so far */
    bool any;         /* a first picture is there */
    uint8_t *last;    /* (height, width, 3) the picture before this one */
    uint8_t *indices; /* (height, width) of the rectangle */
    GifColorType colours[256];
    int colour_count;
    uint32_t key[TABLE]; /* colour + 1, 0: empty; its place in `place` */
    uint8_t place[TABLE];
};

struct box {
    int left, top, right, bottom; /* the last two are outside */
};

static int fail(const struct gif *g)
{
    const char *why = GifErrorString(g->file->Error);
    return error_set("%s: the GIF cannot be written: %s", g->path, why ? why : "giflib does not say why");
}

/* Ends a file that nobody will see. */
static void discard(struct gif *g)
{
    int error;
    if (g->file) EGifCloseFile(g->file, &error);
    free(g->last);
    free(g->indices);
    free(g);
}

static void *open_gif(const char *part, int height, int width, double fps)
{
    static const unsigned char forever[3] = {1, 0, 0};
    int error = 0;
    struct gif *g = memory_new(1, sizeof *g);
    g->height = height, g->width = width, g->fps = fps;
    strncpy(g->path, part, sizeof g->path - 1);
    g->file = EGifOpenFileName(part, false, &error);
    if (!g->file) {
        error_set("%.400s: the GIF cannot be written: %s", part, GifErrorString(error));
        free(g);
        return NULL;
    }
    EGifSetGifVersion(g->file, true);
    g->last = memory_new((size_t)height * (size_t)width, 3);
    g->indices = memory_new((size_t)height * (size_t)width, 1);
    if (EGifPutScreenDesc(g->file, width, height, 8, 0, NULL) == GIF_ERROR ||
        EGifPutExtensionLeader(g->file, APPLICATION_EXT_FUNC_CODE) == GIF_ERROR ||
        EGifPutExtensionBlock(g->file, 11, "NETSCAPE2.0") == GIF_ERROR ||
        EGifPutExtensionBlock(g->file, sizeof forever, forever) == GIF_ERROR ||
        EGifPutExtensionTrailer(g->file) == GIF_ERROR) {
        fail(g);
        discard(g);
        return NULL;
    }
    return g;
}

static struct box changed_box(const struct gif *g, const uint8_t *rgb)
{
    const size_t row_bytes = 3 * (size_t)g->width;
    struct box b = {.left = g->width, .top = g->height};
    if (!g->any) return (struct box){0, 0, g->width, g->height};
    for (int y = 0; y < g->height; y++) {
        const uint8_t *now = rgb + y * row_bytes, *old = g->last + y * row_bytes;
        if (!memcmp(now, old, row_bytes)) continue;
        int left = 0, right = g->width;
        while (!memcmp(now + 3 * left, old + 3 * left, 3)) left++;
        while (!memcmp(now + 3 * (right - 1), old + 3 * (right - 1), 3)) right--;
        if (y < b.top) b.top = y;
        b.bottom = y + 1;
        if (left < b.left) b.left = left;
        if (right > b.right) b.right = right;
    }
    /* nothing changed: the delay needs a pixel to hang on, a transparent one */
    return b.bottom ? b : (struct box){0, 0, 1, 1};
}

/* The palette's place of a colour, which is added; NOT_FOUND where the palette is full. Place 0 is
 * the transparent one. */
static int colour_place(struct gif *g, const uint8_t c[3])
{
    const uint32_t colour = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
    uint32_t slot = colour * 2654435761u >> 22; /* Knuth's multiplicative hashing, 10 bits */
    for (; g->key[slot]; slot = (slot + 1) % TABLE)
        if (g->key[slot] == colour + 1) return g->place[slot];
    if (g->colour_count > COLOURS_MOST) return NOT_FOUND;
    g->key[slot] = colour + 1;
    g->place[slot] = (uint8_t)g->colour_count;
    g->colours[g->colour_count] = (GifColorType){c[0], c[1], c[2]};
    return g->colour_count++;
}

static int level(uint8_t c)
{
    return (c * (CUBE - 1) + 127) / 255;
}

/* Fills indices and colours for the box; returns whether all colours found a place. */
static bool index_box(struct gif *g, const uint8_t *rgb, const struct box *b, bool exact)
{
    uint8_t *out = g->indices;
    memset(g->key, 0, sizeof g->key);
    memset(g->colours, 0, sizeof g->colours);
    g->colour_count = 1;
    if (!exact) {
        g->colour_count = 1 + CUBE * CUBE * CUBE;
        for (int i = 0; i < CUBE * CUBE * CUBE; i++)
            g->colours[1 + i] = (GifColorType){(GifByteType)(i / (CUBE * CUBE) * 51),
                                               (GifByteType)(i / CUBE % CUBE * 51), (GifByteType)(i % CUBE * 51)};
    }
    for (int y = b->top; y < b->bottom; y++)
        for (int x = b->left; x < b->right; x++) {
            const size_t at = 3 * ((size_t)y * (size_t)g->width + (size_t)x);
            const uint8_t *c = rgb + at;
            int place = 0;
            if (g->any && !memcmp(c, g->last + at, 3))
                place = 0;
            else if (exact)
                place = colour_place(g, c);
            else
                place = 1 + (level(c[0]) * CUBE + level(c[1])) * CUBE + level(c[2]);
            if (place == NOT_FOUND) return false;
            *out++ = (uint8_t)place;
        }
    return true;
}

/* Until when, in hundredths of a second, the pictures before this moment are shown. */
static int64_t hundredths(const struct gif *g, int64_t shown)
{
    return llround((double)shown * 100 / g->fps);
}

static int add_gif(void *state, const uint8_t *rgb, int times)
{
    struct gif *g = state;
    const struct box b = changed_box(g, rgb);
    const int64_t delay = hundredths(g, g->shown + times) - hundredths(g, g->shown);
    GraphicsControlBlock control = {
        .DisposalMode = DISPOSE_DO_NOT, .DelayTime = (int)(delay > 65535 ? 65535 : delay), .TransparentColor = 0};
    GifByteType extension[4];
    if (!index_box(g, rgb, &b, true)) index_box(g, rgb, &b, false);
    int map_size = 2;
    while (map_size < g->colour_count) map_size *= 2;
    ColorMapObject *map = GifMakeMapObject(map_size, g->colours);
    if (!map) return error_set("%s: no memory for a palette", g->path);
    const size_t n = EGifGCBToExtension(&control, extension);
    int failed = EGifPutExtension(g->file, GRAPHICS_EXT_FUNC_CODE, (int)n, extension) == GIF_ERROR ||
                 EGifPutImageDesc(g->file, b.left, b.top, b.right - b.left, b.bottom - b.top, false, map) == GIF_ERROR;
    for (int y = 0; y < b.bottom - b.top && !failed; y++)
        failed =
            EGifPutLine(g->file, g->indices + (size_t)y * (size_t)(b.right - b.left), b.right - b.left) == GIF_ERROR;
    GifFreeMapObject(map);
    memcpy(g->last, rgb, 3 * (size_t)g->height * (size_t)g->width);
    g->shown += times;
    g->any = true;
    return failed ? fail(g) : 0;
}

static int close_gif(void *state, bool whole)
{
    struct gif *g = state;
    int error = 0, rc = 0;
    if (EGifCloseFile(g->file, &error) == GIF_ERROR && whole)
        rc = error_set("%s: the GIF cannot be written: %s", g->path, GifErrorString(error));
    g->file = NULL;
    discard(g);
    return rc;
}

/* Browsers show a delay below two hundredths of a second as ten. */
const struct movie_kind movie_gif = {".gif", 50, open_gif, add_gif, close_gif};
