/* drive_view.h -- the state of a drive, its road, and how it is seen; drive.c plays it. Lengths are metres, angles
 * radians, positive to the right; times are seconds. */
#ifndef DUNLIN_ENV_DRIVE_VIEW_H
#define DUNLIN_ENV_DRIVE_VIEW_H

#include <stdint.h>

enum { DRIVE_BOTS = 6 };

#define DRIVE_HALF_ROAD 5.0
#define DRIVE_FASTEST 30.0 /* of all cars */

struct drive_bot {
    double s, d; /* along the road's middle, aside of it */
    double speed;
};

struct drive {
    int bots, slow;   /* what is played: how many other cars; the slow car */
    int steps, still; /* of the episode; of them the last ones at a standstill */
    uint64_t road;    /* names the road */
    double s, d;      /* of the car's middle */
    double psi;       /* the car's heading against the road's */
    double bearing;   /* the car's heading against the start */
    double speed;
    struct drive_bot bot[DRIVE_BOTS];
};

/* The road's curvature at s >= 0, in 1/m: linear between random values at every 40 m, as clothoids are; straight for
 * the first 40 m, and nowhere narrower than a radius of 25 m. */
double drive_curvature(uint64_t road, double s);

/* Draws what the driver sees into rgb[height][width][3], or where grey is set grey[height][width]; both at most 1024. */
void drive_view(const struct drive *c, int height, int width, uint8_t *rgb, uint8_t *grey);

#endif
