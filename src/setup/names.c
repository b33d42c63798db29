/* names.c -- the names that options take from the tables of other rooms. */
#include "base/options.h"
#include "learn/algo.h"
#include "optim/optim.h"
#include "setup/setup.h"

static const char *algorithm(int i)
{
    const struct algo_ops *algo = algo_at(i);
    return algo ? algo->name : NULL;
}

static const char *optimizer(int i)
{
    const struct optim_row *row = optim_row(i);
    return row && row->help ? row->name : NULL;
}

void setup_names(void)
{
    options_names("algo", algorithm);
    options_names("optimizer", optimizer);
}
