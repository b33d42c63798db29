/* trajectory.h -- what Gymnasium's environments did, as tests/data keeps it: a group env/NAME of an HDF5 file. */
#ifndef DUNLIN_TESTS_TRAJECTORY_H
#define DUNLIN_TESTS_TRAJECTORY_H

#include "testing.h"

#include <hdf5.h>

enum { ROWS_MAX = 1000, DIM_MAX = 8 };

struct trajectory { /* rows are steps */
    int n, state_dim, obs_dim;
    double state[ROWS_MAX * DIM_MAX]; /* (n, state_dim), before the step */
    double obs_next[ROWS_MAX * DIM_MAX], reward[ROWS_MAX];
    float action[ROWS_MAX]; /* a number, or an index */
    int8_t terminated[ROWS_MAX], truncated[ROWS_MAX];
};

/* One column; type 0: bytes, as they are stored. Returns its width. */
static int trajectory_column(hid_t group, const char *name, hid_t type, void *out, int *rows)
{
    hsize_t dims[2] = {0, 1};
    const hid_t set = H5Dopen2(group, name, H5P_DEFAULT), space = H5Dget_space(set), stored = H5Dget_type(set);
    EXPECT(set >= 0 && H5Sget_simple_extent_ndims(space) <= 2);
    H5Sget_simple_extent_dims(space, dims, NULL);
    EXPECT(dims[0] <= ROWS_MAX && dims[1] <= DIM_MAX && (type || H5Tget_size(stored) == 1));
    EXPECT(H5Dread(set, type ? type : stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Tclose(stored), H5Sclose(space), H5Dclose(set);
    *rows = (int)dims[0];
    return (int)dims[1];
}

/* The group env/NAME of a file of tests/data, of `least` steps or more. */
static void trajectory_read(const char *file_name, const char *name, int least, struct trajectory *t)
{
    char path[64];
    int n[5];
    snprintf(path, sizeof path, "env/%s", name);
    const hid_t file = H5Fopen(testing_data(file_name), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
    EXPECT(file >= 0 && group >= 0);
    t->state_dim = trajectory_column(group, "state", H5T_NATIVE_DOUBLE, t->state, &t->n);
    t->obs_dim = trajectory_column(group, "obs_next", H5T_NATIVE_DOUBLE, t->obs_next, &n[0]);
    EXPECT(trajectory_column(group, "action", H5T_NATIVE_FLOAT, t->action, &n[1]) == 1);
    trajectory_column(group, "reward", H5T_NATIVE_DOUBLE, t->reward, &n[2]);
    trajectory_column(group, "terminated", 0, t->terminated, &n[3]);
    trajectory_column(group, "truncated", 0, t->truncated, &n[4]);
    for (int i = 0; i < 5; i++) EXPECT(n[i] == t->n);
    EXPECT(t->n >= least);
    H5Gclose(group), H5Fclose(file);
}

#endif
