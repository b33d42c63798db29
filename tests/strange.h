/* strange.h -- files of a run as HDF5 lets one make them and Dunlin never does: other types, shapes, sizes, links,
 * numbers and texts in a checkpoint, other tables in a run.h5. For test_mutate.c, which makes the seal fit. */
#ifndef DUNLIN_TESTS_STRANGE_H
#define DUNLIN_TESTS_STRANGE_H

#include <math.h>

#include "dunlin/rng.h"
#include "store/h5.h"
#include "testing.h"

static const char *const TENSORS[] = {"params/fc0/weight", "params/q/bias", "target/fc0/bias", "optimizer/q/weight"};

static hid_t strange_type(struct rng *rng)
{
    switch (rng_below(rng, 6)) {
    case 0:
        return H5Tcopy(H5T_IEEE_F64LE);
    case 1:
        return H5Tcopy(H5T_STD_I32LE);
    case 2:
        return h5_text_type(4);
    case 3:
        return H5Tvlen_create(H5T_NATIVE_INT);
    case 4:
        return H5Tcreate(H5T_OPAQUE, 4);
    default:
        return H5Tcopy(H5T_IEEE_F32BE); /* the same values otherwise: fits or is refused */
    }
}

/* Another dataset in place of a tensor. kind 0: type, 1: shape, 2: huge, 3: bytes of another file. */
static void replace(hid_t file, const char *where, struct rng *rng, int kind)
{
    hsize_t dims[32], size = 4;
    H5_AUTO hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = H5Dopen2(file, where, H5P_DEFAULT);
    hid_t space = H5Dget_space(set);
    int ndim = H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space), H5Dclose(set);
    EXPECT(set >= 0 && H5Ldelete(file, where, H5P_DEFAULT) >= 0);
    H5_AUTO hid_t type = kind == 0 ? strange_type(rng) : H5Tcopy(H5T_IEEE_F32LE);
    if (kind == 1) {
        const int how = rng_below(rng, 4);
        if (how == 0) dims[0]++;
        if (how == 1) dims[ndim++] = 1;
        if (how == 2) dims[0] = 0;
        for (; how == 3 && ndim < 32; ndim++) dims[ndim] = 1;
    }
    if (kind == 2) {
        dims[0] = (hsize_t)1 << (20 + rng_below(rng, 40));
        if (rng_below(rng, 2)) EXPECT(H5Pset_chunk(plist, ndim, (hsize_t[]){size, size}) >= 0);
        EXPECT(H5Pset_alloc_time(plist, rng_below(rng, 2) ? H5D_ALLOC_TIME_INCR : H5D_ALLOC_TIME_LATE) >= 0 || 1);
    }
    for (int d = 0; d < ndim; d++) size *= dims[d];
    if (kind == 3) EXPECT(H5Pset_external(plist, "/dev/zero", 0, size) >= 0);
    space = H5Screate_simple(ndim, dims, NULL);
    set = H5Dcreate2(file, where, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (set >= 0) H5Dclose(set); /* what the library will not make is then missing */
    H5Sclose(space);
}

static void strange_number(hid_t file, struct rng *rng)
{
    static const char *const KEYS[] = {"frames", "updates", "target_frames", "session", "ranks"};
    H5_AUTO hid_t group = H5Gopen2(file, "counters", H5P_DEFAULT);
    const char *key = rng_below(rng, 4) ? KEYS[rng_below(rng, 5)] : "seconds";
    EXPECT(H5Adelete(group, key) >= 0);
    const int how = rng_below(rng, 4);
    if (how == 0) h5_put_text(group, key, "many", "");
    if (how == 1 && strcmp(key, "seconds") != 0) h5_put_int(group, key, rng_below(rng, 2) ? -3 : INT64_MAX - 5, "");
    if (how == 1 && !strcmp(key, "seconds")) h5_put_real(group, key, rng_below(rng, 2) ? -1.0 : (double)NAN, "");
    if (how == 2) {
        const hsize_t three = 3;
        hid_t space = H5Screate_simple(1, &three, NULL);
        H5Aclose(H5Acreate2(group, key, H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT));
        H5Sclose(space);
    } /* 3: it is missing */
}

static void strange_text(hid_t file, struct rng *rng)
{
    static const char *const TEXTS[][2] = {{"lr", "nan"},
                                           {"lr", "-1"},
                                           {"gamma", "2"},
                                           {"t-max", "x"},
                                           {"env", "nowhere"},
                                           {"net", "mlp:9"},
                                           {"net", "mlp:99999999"},
                                           {"algo", "a3c"},
                                           {"frames", "1e99"},
                                           {"seed", "3"},
                                           {"no-such-option", "1"},
                                           {"lstm", "4"},
                                           {"optimizer", "rmsprop-of-another"},
                                           {"eps-final", "0,,1"},
                                           {"env", ""}};
    H5_AUTO hid_t group = H5Gopen2(file, "config", H5P_DEFAULT);
    const int i = rng_below(rng, (int)(sizeof TEXTS / sizeof *TEXTS)), how = rng_below(rng, 6);
    const char *key = how < 4 ? TEXTS[i][0] : "env";
    H5Adelete(group, key);
    if (how < 4) h5_put_text(group, key, TEXTS[i][1], "");
    if (how == 4) { /* of any length */
        hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
        H5Tset_size(type, H5T_VARIABLE);
        H5Aclose(H5Acreate2(group, key, type, space, H5P_DEFAULT, H5P_DEFAULT));
        H5Tclose(type), H5Sclose(space);
    }
    if (how == 5) {
        char text[5000];
        memset(text, 'a', sizeof text - 1), text[sizeof text - 1] = '\0';
        h5_put_text(group, key, text, "");
    }
}

static void strange_link(hid_t file, struct rng *rng, const char *where, const char *other)
{
    const int how = rng_below(rng, 4);
    char aside[64] = "elsewhere";
    EXPECT(H5Lmove(file, where, file, aside, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    if (how == 0) H5Lcreate_soft("/elsewhere", file, where, H5P_DEFAULT, H5P_DEFAULT);
    if (how == 1) H5Lcreate_external(other, "/train", file, where, H5P_DEFAULT, H5P_DEFAULT);
    if (how == 2) H5Lcreate_hard(file, "/params", file, where, H5P_DEFAULT, H5P_DEFAULT); /* a loop */
    if (how == 3) H5Lcreate_soft(where, file, where, H5P_DEFAULT, H5P_DEFAULT);           /* to itself */
}

static void strange_actor(hid_t file, struct rng *rng)
{
    if (rng_below(rng, 2)) {
        replace(file, "actors/1/state", rng, rng_below(rng, 3));
        return;
    }
    H5_AUTO hid_t group = H5Gopen2(file, "optimizer", H5P_DEFAULT);
    H5Adelete(group, "rows");
    if (rng_below(rng, 2)) h5_put_int(group, "rows", rng_below(rng, 3) ? 2 + rng_below(rng, 1 << 30) : -1, "");
}

/* A checkpoint changed in one of ten ways: kind 0 .. 9. other: a file that it may point to. */
static void strange_checkpoint(const char *path, const char *other, struct rng *rng, int kind)
{
    static const char *const GONE[] = {"params",     "target",          "optimizer",     "counters",          "config",
                                       "params/fc0", "params/q/weight", "target/q/bias", "optimizer/fc0/bias"};
    const char *where = TENSORS[rng_below(rng, 4)];
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    EXPECT(file >= 0);
    if (kind < 4) replace(file, where, rng, kind);
    if (kind == 4) EXPECT(H5Ldelete(file, GONE[rng_below(rng, 9)], H5P_DEFAULT) >= 0);
    if (kind == 5) strange_number(file, rng);
    if (kind == 6) strange_text(file, rng);
    if (kind == 7) strange_link(file, rng, where, other);
    if (kind == 8) strange_actor(file, rng);
    if (kind == 9) { /* more than there should be */
        hid_t space = H5Screate(H5S_SCALAR);
        H5Dclose(H5Dcreate2(file, "params/more", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5Sclose(space);
    }
    EXPECT(H5Fclose(file) >= 0);
}

/* A run.h5 with one of its tables gone, of another shape, or in another file. */
static void strange_run(const char *path, const char *other, struct rng *rng)
{
    static const char *const TABLES[] = {"train", "episodes", "eval", "lag", "events", "actors", "config", "sessions"};
    const char *where = TABLES[rng_below(rng, 8)];
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    EXPECT(file >= 0 && H5Ldelete(file, where, H5P_DEFAULT) >= 0);
    const hsize_t dims[2] = {rng_below(rng, 2) ? 5 : (hsize_t)1 << 45, 2};
    H5_AUTO hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, 2, (hsize_t[]){64, 2});
    hid_t space = H5Screate_simple(2, dims, NULL), set = -1;
    if (rng_below(rng, 3))
        set = H5Dcreate2(file, where, H5T_NATIVE_INT, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    else if (rng_below(rng, 2))
        H5Lcreate_external(other, "/params", file, where, H5P_DEFAULT, H5P_DEFAULT);
    if (set >= 0) H5Dclose(set);
    H5Sclose(space);
    EXPECT(H5Fclose(file) >= 0);
}

#endif
