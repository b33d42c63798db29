/* test_map.c -- how many buffers of weights a window has. */
#include "testing.h"

#include "share/map.h"

enum { ACTORS = 300 };

/* Each relay may have pinned another buffer, and rank 0 has one to write, as far as indices reach. */
static void buffers_for_nodes(void **state)
{
    (void)state;
    static const struct {
        int nodes, near, buffers, loans;
    } cases[] = {{2, 4, 9, 4},       {8, 0, 10, 0},      {64, 16, 82, 16},
                 {180, 64, 246, 64}, {256, 64, 255, 64}, {256, 250, 255, 191}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct map m = map_draw(&(struct share_config){.params = 32, .episodes = 4}, ACTORS, cases[i].near,
                                      map_copies(cases[i].nodes));
        EXPECT(m.buffers == cases[i].buffers && m.loans == cases[i].loans && m.copied);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(buffers_for_nodes)};
    return testing_main(tests);
}
