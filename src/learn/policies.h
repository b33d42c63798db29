/* policies.h -- the distributions over actions, one line each; of those that are made for an environment's actions the
 * first is taken. A new one is a file src/learn/policy_ID.c that defines `const struct policy_ops policy_ID`, and its
 * line here. Whoever includes this defines POLICY(id). */
/* clang-format off */
POLICY(categorical)
POLICY(gaussian)
POLICY(gaussian_scalar)
