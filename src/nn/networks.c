/* networks.c -- the table of networks. A new one is a row: sizes that no kernel fits are computed by the plain layers.
 *
 * mlp has dense layers over a vector of floats or over the pixels of a picture; small is the network of Mnih et al.
 * 2013 and of the A3C paper's method comparison, nature that of Mnih et al. 2015. */
#include "nn/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "nn/builder.h"
#include "nn/layers.h"
#include "nn/net.h"

static const struct network networks[] = {
    {"mlp",
     "mlp[:64,64]",
     "dense layers; the numbers are their widths",
     true,
     {{dense_add, 64, 0, 0}, {dense_add, 64, 0, 0}}},
    {"small",
     "small",
     "conv 16 8x8/4, conv 32 4x4/2, dense 256; for 84x84 pictures (Mnih et al. 2013)",
     false,
     {{conv_add, 16, 8, 4}, {conv_add, 32, 4, 2}, {dense_add, 256, 0, 0}}},
    {"nature",
     "nature",
     "conv 32 8x8/4, conv 64 4x4/2, conv 64 3x3/1, dense 512 (Mnih et al. 2015)",
     false,
     {{conv_add, 32, 8, 4}, {conv_add, 64, 4, 2}, {conv_add, 64, 3, 1}, {dense_add, 512, 0, 0}}},
};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

const char *net_usage(int i, const char **help)
{
    if (i < 0 || i >= NETWORKS) return NULL;
    *help = networks[i].help;
    return networks[i].usage;
}

/* "64,64" to a list of dense layers. */
static int read_widths(const char *spec, const char *at, struct network *network)
{
    memset(network->layers, 0, sizeof network->layers);
    for (int k = 0;; k++) {
        char *end;
        const long n = strtol(at, &end, 10);
        if (end == at || n < 1 || n > NET_WIDEST || (*end && *end != ',') || k == NETWORK_LAYERS)
            return error_set("net \"%s\": after \"%s:\" stand 1 to %d layer widths of 1 to %d, as in %s:64,64", spec,
                             network->name, NETWORK_LAYERS, NET_WIDEST, network->name);
        network->layers[k] = (struct network_layer){.add = dense_add, .n = (int)n};
        if (!*end) return 0;
        at = end + 1;
    }
}

int network_of(const char *spec, struct network *network)
{
    char known[256] = "";
    const size_t length = strcspn(spec, ":");
    for (int i = 0; i < NETWORKS; i++) {
        const struct network *row = &networks[i];
        const char *join = i == 0 ? "" : i + 1 < NETWORKS ? ", " : " or ";
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", join, row->usage);
        if (strlen(row->name) != length || memcmp(row->name, spec, length) != 0) continue;
        if (spec[length] && !row->widths) continue;
        *network = *row;
        return spec[length] ? read_widths(spec, spec + length + 1, network) : 0;
    }
    return error_set("net \"%s\" is not known: use %s (the numbers are widths of hidden layers)", spec, known);
}
