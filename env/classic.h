/* classic.h -- the states of cartpole, acrobot, mountaincar, pendulum and mountaincar-continuous. Plain bytes: whoever
 * wants to start from a given state writes it. Doubles inside, as in Gymnasium; observations are float. */
#ifndef DUNLIN_ENV_CLASSIC_H
#define DUNLIN_ENV_CLASSIC_H

#include <stdbool.h>
#include <stdint.h>

struct cartpole {
    double x, x_dot;         /* m, m/s */
    double theta, theta_dot; /* rad from upright, rad/s */
    int64_t t;               /* steps since the reset */
};

struct acrobot {
    double s[4]; /* theta1 (0: hanging down), theta2 (relative to the first link), their speeds; rad, rad/s */
    int64_t t;
};

struct mountaincar {
    double position, velocity;
    int64_t t;
    bool anywhere; /* episodes start at any position and velocity */
};

struct pendulum {
    double theta, theta_dot; /* rad from upright, rad/s */
    int64_t t;
    double torque; /* the last one, for its picture */
};

struct mountaincar_continuous {
    double position, velocity; /* after a step the values of floats, as Gymnasium keeps them */
    int64_t t;
    bool anywhere; /* episodes start at any position and velocity */
};

#endif
