/* algos.h -- the algorithms: one line each, in the order in which they are told to the user. A new one is a file
 * src/learn/ID.c that defines `const struct algo_ops algo_ID`, and its line here. Whoever includes this defines
 * ALGO(id). */
/* clang-format off */
ALGO(one_step_q)
ALGO(one_step_sarsa)
ALGO(n_step_q)
ALGO(a3c)
ALGO(dqn)
