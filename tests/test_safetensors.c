/* test_safetensors.c -- weights of strangers' files: headers by hand and by the thousand, files that are none, and
 * differences by name. */
#include "testing.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "dunlin/rng.h"
#include "nn/net.h"
#include "store/safetensors.h"
#include "store/weights.h"

static char dir[64];

static const char *at(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void expect_line(const char *part)
{
    if (!strstr(error_text(), part)) fail_msg("the line '%s' does not say '%s'", error_text(), part);
}

static struct net *some_net(void)
{
    struct net *net = net_new(&(struct net_config){.spec = "mlp:16,8",
                                                   .lstm = 4,
                                                   .input = {.dim = 3},
                                                   .heads = NET_HEADS_POLICY_V,
                                                   .outputs = 4,
                                                   .free = 2,
                                                   .separate_critic = true,
                                                   .obs_norm = true});
    if (!net) fail_msg("%s", error_text());
    return net;
}

static float *some_theta(const struct net *net)
{
    float *theta = memory_floats(net_facts(net)->params);
    struct rng rng = rng_make(11, 0, RNG_TEST, 0);
    net_init(net, NET_INIT_UNIFORM, theta, &rng);
    return theta;
}

/* A file of this header, and so many bytes of data: its line says `part`, or with NULL it is read. */
static void of_header(const struct net *net, const char *header, size_t data, const char *part)
{
    const size_t length = strlen(header);
    unsigned char *bytes = memory_new(8 + length + data + 1, 1);
    float *theta = memory_floats(net_facts(net)->params);
    for (int b = 0; b < 8; b++) bytes[b] = (unsigned char)((uint64_t)length >> 8 * b);
    memcpy(bytes + 8, header, length);
    testing_spill(at("h.safetensors"), bytes, 8 + length + data);
    const int rc = weights_read(at("h.safetensors"), net, theta);
    if (!part && rc) fail_msg("%s: %s", header, error_text());
    if (part && !rc) fail_msg("%s is read", header);
    if (part) expect_line(part);
    free(bytes), free(theta);
}

#define T(name, shape, from, to)                                                                                       \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" from "," to "]}"
static void headers_by_hand(void **unused)
{
    (void)unused;
    struct net *net =
        net_new(&(struct net_config){.spec = "mlp:2", .input = {.dim = 1}, .heads = NET_HEADS_Q, .outputs = 1});
    EXPECT(net);
#define REST T("fc0.bias", "2", "8", "16") "," T("q.weight", "1,2", "16", "24") "," T("q.bias", "1", "24", "28")
    of_header(net, "{" T("fc0.weight", "2,1", "0", "8") "," REST "}", 28, NULL);
    of_header(net, " {\n\"__metadata__\" : {\"a\\\"\" :\"{}\" } , " T("fc0.weight", "2 , 1", " 0", "8 ") "," REST "}  ",
              28, NULL);
    of_header(net, "{" T("fc0.weight", "1,2", "0", "8") "," REST "}", 28, "fc0.weight is 1 x 2 there, and 2 x 1 here");
    of_header(net, "{" T("fc1.weight", "2,1", "0", "8") "," REST "}", 28, "fc0.weight is not there");
    of_header(net, "{" T("fc1.weight", "2,1", "0", "8") "," REST "}", 28, "fc1.weight is not of this network");
    of_header(net, "{" T("fc0.weight", "2,1", "0", "8") "," REST "}", 27, "outside of the file");
    of_header(net, "{" T("fc0.weight", "2,1", "8", "0") "," REST "}", 28, "outside of the file");
    of_header(net, "{" T("fc0.weight", "2,1", "0", "12") "," REST "}", 28, "12 bytes");
    of_header(net, "{" T("fc0.weight", "4294967296,1", "0", "8") "," REST "}", 28, "more numbers than the file");
    of_header(net, "{" T("fc0.weight", "2147483647,2147483647", "0", "8") "," REST "}", 28, "more numbers");
    of_header(net, "{" T("fc0.weight", "2,1,1,1,1,1,1,1,1", "0", "8") "," REST "}", 28, "too many numbers");
    of_header(net, "{" T("fc0.weight", "2,99999999999999999999", "0", "8") "," REST "}", 28, "too large");
    of_header(net, "{" T("fc0.weight", "-2,1", "0", "8") "," REST "}", 28, "whole number");
    of_header(net, "{" T("fc0.weight", "2,1", "0", "8") "," T("fc0.weight", "2,1", "0", "8") "," REST "}", 28, "twice");
    of_header(net, "{\"fc0.weight\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[0,8]}," REST "}", 28,
              "of type F16");
    of_header(net, "{\"fc0.weight\":{\"dtype\":\"F32\",\"shape\":[2,1]}," REST "}", 28, "lacks");
    of_header(net, "{" T("fc0.weight", "2,1", "0", "8") "," REST "} x", 28, "behind its end");
    of_header(net, "{" T("fc0.weight", "2,1", "0", "8") ",}", 28, "a string is missing");
    of_header(net, "[[[[[[[[", 28, "brace");
    of_header(net, "{\"fc0.wei", 28, "does not end");
    of_header(net, "{\"fc0.weight\\", 28, "does not end");
    of_header(net, "{}", 0, "q.bias is not there");
    net_free(&net);
}

/* Files that are none, are cut, or hold what cannot be computed with. */
static void strange_files(void **unused)
{
    (void)unused;
    struct net *net = some_net();
    float *theta = some_theta(net);
    size_t size;
    unsigned char *bytes = safetensors_make(NULL, 0, net, theta, &size);
    for (size_t n = 0; n < size; n += n < 2000 ? 37 : 1009) {
        testing_spill(at("cut.safetensors"), bytes, n);
        EXPECT(weights_read(at("cut.safetensors"), net, theta) == -1);
        expect_line("cut.safetensors");
    }
    for (int b = 0; b < 8; b++) bytes[b] = 0xff;
    testing_spill(at("long.safetensors"), bytes, size);
    EXPECT(weights_read(at("long.safetensors"), net, theta) == -1);
    expect_line("no safetensors file, or cut");
    EXPECT(!mkdir(at("folder.safetensors"), 0777));
    EXPECT(weights_read(at("folder.safetensors"), net, theta) == -1);
    EXPECT(!mkfifo(at("pipe.safetensors"), 0666));
    EXPECT(weights_read(at("pipe.safetensors"), net, theta) == -1);
    expect_line("is no file");
    free(bytes);
    theta[net_facts(net)->tensors[2].offset] = NAN;
    bytes = safetensors_make(NULL, 0, net, theta, &size);
    testing_spill(at("nan.safetensors"), bytes, size);
    EXPECT(weights_read(at("nan.safetensors"), net, theta) == -1);
    expect_line("NaN or Inf in 1 of its ");
    expect_line(" weights, the first in fc1.weight; give ");
    free(bytes), free(theta);
    net_free(&net);
}

/* Whatever the bytes are: nothing outside of them is read, and what is taken lies within the file. The copies are as
 * long as they are, for the address sanitizer. */
static void mutated_headers(void **unused)
{
    (void)unused;
    static const char MARKS[] = "{}[]\",:\\ 0189\n\x01\xff";
    struct net *net = some_net();
    float *theta = some_theta(net);
    size_t size;
    int taken = 0, refused = 0;
    unsigned char *bytes = safetensors_make(NULL, 0, net, theta, &size);
    const size_t length = safetensors_header(bytes);
    struct rng rng = rng_make(1, 0, RNG_TEST, 9);
    for (int k = 0; k < 20000; k++) {
        const size_t n = rng_uniform(&rng) < 0.2 ? (size_t)(rng_uniform(&rng) * (double)length) : length;
        unsigned char *header = malloc(n ? n : 1);
        memcpy(header, bytes + 8, n);
        for (int m = 0; n && m <= k % 4; m++)
            header[(size_t)(rng_uniform(&rng) * (double)n)] =
                (unsigned char)MARKS[(size_t)(rng_uniform(&rng) * (sizeof MARKS - 1))];
        int count = 0;
        const uint64_t data = size - 8 - length;
        struct safe_tensor *t = safetensors_read("x", header, n, data, &count);
        for (int i = 0; t && i < count; i++) {
            uint64_t floats = 1;
            for (int d = 0; d < t[i].ndim; d++) floats *= (uint64_t)t[i].dims[d];
            EXPECT(strcmp(t[i].type, "F32") || (t[i].offset >= 8 + n && t[i].offset + 4 * floats <= 8 + n + data));
        }
        taken += t != NULL;
        refused += !t;
        free(t);
        free(header);
    }
    EXPECT(taken > 100 && refused > 10000);
    free(bytes), free(theta);
    net_free(&net);
}

/* PyTorch's nn.LSTM has its own names, and two biases that add up. */
static void lstm_by_other_names(void **unused)
{
    (void)unused;
    struct net *net = net_new(
        &(struct net_config){.spec = "mlp:1", .lstm = 1, .input = {.dim = 1}, .heads = NET_HEADS_Q, .outputs = 1});
    EXPECT(net);
    char header[1024];
    snprintf(header, sizeof header, "{%s,%s,%s,%s,%s,%s,%s,%s}", T("fc0.weight", "1,1", "0", "4"),
             T("fc0.bias", "1", "0", "4"), T("lstm.weight_ih_l0", "4,1", "4", "20"),
             T("lstm.weight_hh_l0", "4,1", "20", "36"), T("lstm.bias_ih_l0", "4", "36", "52"),
             T("lstm.bias_hh_l0", "4", "52", "68"), T("q.weight", "1,1", "0", "4"), T("q.bias", "1", "0", "4"));
    unsigned char bytes[2048];
    float data[17], *theta = memory_floats(net_facts(net)->params);
    const size_t length = strlen(header);
    for (int i = 0; i < 17; i++) data[i] = (float)(i + 1);
    for (int b = 0; b < 8; b++) bytes[b] = (unsigned char)((uint64_t)length >> 8 * b);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, sizeof data);
    testing_spill(at("l.safetensors"), bytes, 8 + length + sizeof data);
    if (weights_read(at("l.safetensors"), net, theta)) fail_msg("%s", error_text());
    const struct net_facts *facts = net_facts(net);
    for (int i = 0; i < facts->tensor_count; i++) {
        const struct tensor *t = &facts->tensors[i];
        if (!strcmp(t->name, "lstm.weight_h")) EXPECT(theta[t->offset] == 6 && theta[t->offset + 3] == 9);
        if (!strcmp(t->name, "lstm.bias")) EXPECT(theta[t->offset] == 10 + 14 && theta[t->offset + 3] == 13 + 17);
    }
    free(theta);
    net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_by_hand),
        cmocka_unit_test(strange_files),
        cmocka_unit_test(mutated_headers),
        cmocka_unit_test(lstm_by_other_names),
    };
    snprintf(dir, sizeof dir, "/tmp/dunlin-safetensors-XXXXXX");
    EXPECT(mkdtemp(dir));
    const int rc = testing_main(tests);
    testing_remove(dir);
    return rc;
}
