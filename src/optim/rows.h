/* rows.h -- the optimisers: one line each, in the order in which they are told to the user. A new one is a file
 * src/optim/NAME.c that defines `const struct optim_row optim_NAME`, and its line here. Whoever includes this defines
 * OPTIM(NAME, KIND). */
/* clang-format off */
OPTIM(shared_rmsprop, SHARED_RMSPROP)
OPTIM(rmsprop, RMSPROP)
OPTIM(momentum_sgd, MOMENTUM_SGD)
OPTIM(adam, ADAM)
OPTIM(centred_rmsprop, CENTRED_RMSPROP)
OPTIM(sgd, SGD)
