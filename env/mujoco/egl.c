/* egl.c -- pictures as MuJoCo itself draws them, into a buffer: EGL gives it a context of Mesa's that needs no display.
 * EGL is looked for at run time, its few functions and numbers stand here, as most machines lack its headers. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "physics.h"

enum { GEOMS_MOST = 1000 };

/* Of EGL 1.5 and its extensions EGL_EXT_platform_base and EGL_MESA_platform_surfaceless. */
enum {
    SURFACELESS = 0x31DD,
    OPENGL_API = 0x30A2,
    RENDERABLE_TYPE = 0x3040,
    OPENGL_BIT = 8,
    SURFACE_TYPE = 0x3033,
    PBUFFER_BIT = 1,
    NONE = 0x3038,
};

static struct {
    enum { UNTRIED, READY, ABSENT } phase;
    const mjModel *model; /* that of which the context holds the shapes */
    mjrContext context;
    mjvScene scene;
    mjvOption option;
    mjvCamera camera;
} gl;

/* A context without a display, made current. */
static bool make_current(void)
{
    void *egl = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
    void *(*address)(const char *), *(*platform)(unsigned, void *, const int *);
    unsigned (*initialize)(void *, int *, int *), (*bind)(unsigned);
    unsigned (*choose)(void *, const int *, void **, int, int *), (*current)(void *, void *, void *, void *);
    void *(*create)(void *, void *, void *, const int *);
    static const int asked[] = {SURFACE_TYPE, PBUFFER_BIT, RENDERABLE_TYPE, OPENGL_BIT, NONE};
    void *config = NULL;
    int n = 0;
    if (!egl) return false;
#define FIND(function, name)                                                                                           \
    do {                                                                                                               \
        void *const symbol = dlsym(egl, name);                                                                         \
        if (!symbol) return false;                                                                                     \
        memcpy(&(function), &symbol, sizeof symbol); /* ISO C has no cast between the two kinds of pointers */         \
    } while (0)
    FIND(address, "eglGetProcAddress");
    FIND(initialize, "eglInitialize");
    FIND(bind, "eglBindAPI");
    FIND(choose, "eglChooseConfig");
    FIND(create, "eglCreateContext");
    FIND(current, "eglMakeCurrent");
#undef FIND
    void *const symbol = address("eglGetPlatformDisplayEXT");
    if (!symbol) return false;
    memcpy(&platform, &symbol, sizeof symbol);
    void *display = platform(SURFACELESS, NULL, NULL);
    if (!display || !initialize(display, NULL, NULL) || !bind(OPENGL_API)) return false;
    if (!choose(display, asked, &config, 1, &n) || n < 1) return false;
    void *context = create(display, config, NULL, NULL);
    return context && current(display, NULL, NULL, context);
}

/* The model's own camera, or that of the drawing by hand. */
static void look_at(const struct physics *p)
{
    static const double degrees = 57.29577951308232;
    const int track = mj_name2id(p->model, mjOBJ_CAMERA, "track");
    mjv_defaultFreeCamera(p->model, &gl.camera);
    gl.camera.azimuth = 90;
    gl.camera.elevation = -degrees * p->task->view.tilt;
    gl.camera.distance = 1.1 * p->task->view.span;
    gl.camera.lookat[0] = 0;
    gl.camera.lookat[1] = p->task->view.depth;
    gl.camera.lookat[2] = p->task->view.height;
    if (track < 0) return;
    gl.camera.type = mjCAMERA_FIXED;
    gl.camera.fixedcamid = track;
}

bool physics_draw_gl(const struct physics *p, uint8_t *rgb)
{
    const mjrRect all = {0, 0, PICTURE_WIDTH, PICTURE_HEIGHT};
    if (gl.phase == UNTRIED) gl.phase = make_current() ? READY : ABSENT;
    if (gl.phase == ABSENT) return false;
    if (gl.model != p->model) {
        if (gl.model) mjr_freeContext(&gl.context), mjv_freeScene(&gl.scene);
        mjv_defaultScene(&gl.scene);
        mjv_defaultOption(&gl.option);
        mjr_defaultContext(&gl.context);
        mjv_makeScene(p->model, &gl.scene, GEOMS_MOST);
        mjr_makeContext(p->model, &gl.context, mjFONTSCALE_100);
        mjr_setBuffer(mjFB_OFFSCREEN, &gl.context);
        /* without them a picture takes a sixth of the time */
        gl.scene.flags[mjRND_SHADOW] = gl.scene.flags[mjRND_REFLECTION] = 0;
        look_at(p);
        gl.model = p->model;
    }
    mjv_updateScene(p->model, p->data, &gl.option, NULL, &gl.camera, mjCAT_ALL, &gl.scene);
    mjr_render(all, &gl.scene, &gl.context);
    mjr_readPixels(rgb, NULL, all, &gl.context);
    enum { ROW = 3 * PICTURE_WIDTH };
    for (int y = 0; y < PICTURE_HEIGHT / 2; y++) { /* the bottom row comes first */
        uint8_t row[ROW], *top = rgb + y * ROW, *bottom = rgb + (PICTURE_HEIGHT - 1 - y) * ROW;
        memcpy(row, top, ROW), memcpy(top, bottom, ROW), memcpy(bottom, row, ROW);
    }
    return true;
}
