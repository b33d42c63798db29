/* sight.c -- see sight.h. */
#include "play/sight.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 250, HALF = 60 };

static const uint8_t UP[3] = {88, 196, 255}, DOWN[3] = {255, 152, 88}, ZERO[3] = {84, 84, 92};

struct sight sight_of(const struct world *world)
{
    const struct env_spec *s = &world->spec;
    if (s->obs_kind == ENV_OBS_PICTURE) return (struct sight){.height = s->height, .width = s->width};
    const int bars = s->obs_dim < SIGHT_BARS ? s->obs_dim : SIGHT_BARS, step = bars < WIDTH ? WIDTH / bars : 1;
    return (struct sight){.height = 2 * HALF + 1, .width = bars * step, .bars = bars, .step = step, .most = 1};
}

static void draw_picture(const struct env_spec *spec, const float *obs, uint8_t *rgb)
{
    const size_t n = (size_t)spec->height * (size_t)spec->width;
    for (int c = 0; c < 3; c++) {
        const int plane = spec->planes == 1 ? 0 : c;
        for (size_t i = 0; i < n; i++)
            rgb[3 * i + (size_t)c] = plane < spec->planes ? (uint8_t)lrintf(255 * obs[(size_t)plane * n + i]) : 0;
    }
}

static void draw_bar(const struct sight *s, int k, float x, uint8_t *rgb)
{
    const int length = (int)lrintf(x / s->most * HALF), wide = s->step > 2 ? s->step - 1 : s->step;
    for (int y = 0; y < s->height; y++) {
        const int up = HALF - y; /* above 0 */
        const bool in = length > 0 ? up > 0 && up <= length : up < 0 && up >= length;
        const uint8_t *const ink = up ? length > 0 ? UP : DOWN : ZERO;
        for (int i = 0; (in || !up) && i < wide; i++)
            memcpy(rgb + 3 * ((size_t)y * (size_t)s->width + (size_t)(k * s->step + i)), ink, 3);
    }
}

void sight_draw(struct sight *s, const struct world *world, const float *obs, uint8_t *rgb)
{
    if (!s->bars) {
        draw_picture(&world->spec, obs, rgb);
        return;
    }
    memset(rgb, 0, (size_t)s->height * (size_t)s->width * 3);
    for (int k = 0; k < s->bars; k++) s->most = fmaxf(s->most, fabsf(obs[k]));
    for (int k = 0; k < s->bars; k++) draw_bar(s, k, obs[k], rgb);
}
