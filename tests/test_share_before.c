/* test_share_before.c -- the environment is changed only where Debian's line is in force and nobody said otherwise. */
#include "testing.h"

#include <mpi.h>
#include <sys/stat.h>
#include <unistd.h>

#include "share/share.h"

static char dir[64];

static void put(const char *file, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *f = fopen(path, "w");
    EXPECT(f != NULL);
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

static int setup(void **state)
{
    (void)state;
    static const char *const clear[] = {"OMPI_MCA_osc", "OMPI_MCA_pml", "OMPI_MCA_mpi_yield_when_idle",
                                        "OMPI_MCA_mca_base_param_files", "OPAL_PREFIX"};
    for (size_t i = 0; i < sizeof clear / sizeof *clear; i++) unsetenv(clear[i]);
    snprintf(dir, sizeof dir, "/tmp/test_share_before.XXXXXX");
    char path[128];
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/.openmpi", dir);
    mkdir(path, 0700);
    setenv("HOME", dir, 1);
    setenv("OPAL_SYSCONFDIR", dir, 1);
    put("openmpi-mca-params.conf", "# a comment\nbtl = ^uct,openib,ofi\n  osc =  ^ucx,pt2pt # as shipped\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[256];
    static const char *const files[] = {"openmpi-mca-params.conf", ".openmpi/mca-params.conf", ".openmpi", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        remove(path);
    }
    return 0;
}

#if defined OMPI_MAJOR_VERSION && OMPI_MAJOR_VERSION == 4

static void debians_line_is_mended(void **state)
{
    (void)state;
    share_before_mpi();
    assert_string_equal(getenv("OMPI_MCA_osc"), "^ucx");
    assert_string_equal(getenv("OMPI_MCA_mpi_yield_when_idle"), "1");
}

static void a_users_setting_stays(void **state)
{
    (void)state;
    setenv("OMPI_MCA_osc", "ucx", 1);
    setenv("OMPI_MCA_mpi_yield_when_idle", "0", 1);
    share_before_mpi();
    assert_string_equal(getenv("OMPI_MCA_osc"), "ucx");
    assert_string_equal(getenv("OMPI_MCA_mpi_yield_when_idle"), "0");
}

static void a_chosen_transport_stays_alone(void **state)
{
    (void)state;
    setenv("OMPI_MCA_pml", "ucx", 1);
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
}

static void a_sites_file_stays_alone(void **state)
{
    (void)state;
    put("openmpi-mca-params.conf", "osc = ucx\n");
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
    put("openmpi-mca-params.conf", "osc = ^ucx,pt2pt\nosc = ^pt2pt\n"); /* the last line counts */
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
    put("openmpi-mca-params.conf", "# osc = ^ucx,pt2pt\noscar = ^ucx,pt2pt\n");
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
    teardown(state);
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
}

static void a_users_file_stays_alone(void **state)
{
    (void)state;
    put(".openmpi/mca-params.conf", "btl = tcp,self\nosc=ucx\n");
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
    put(".openmpi/mca-params.conf", "btl = tcp,self\n");
    share_before_mpi();
    assert_string_equal(getenv("OMPI_MCA_osc"), "^ucx");
}

/* Without any hint the file is the one of the library in use. */
static void the_librarys_own_file_is_found(void **state)
{
    (void)state;
    unsetenv("OPAL_SYSCONFDIR");
    share_before_mpi();
    FILE *f = popen("grep -q '^osc *= *^ucx,pt2pt *$' /etc/openmpi/openmpi-mca-params.conf 2>/dev/null && "
                    "[ -e /usr/lib/*/libmpi.so.40 ] && echo yes",
                    "r");
    char answer[8] = "";
    EXPECT(f != NULL);
    if (!f) return;
    const bool debian = fgets(answer, sizeof answer, f) != NULL;
    pclose(f);
    if (debian) assert_string_equal(getenv("OMPI_MCA_osc"), "^ucx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(debians_line_is_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(a_users_setting_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chosen_transport_stays_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sites_file_stays_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_users_file_stays_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(the_librarys_own_file_is_found, setup, teardown),
    };
    return testing_main(tests);
}

#else

static void other_libraries_are_left_alone(void **state)
{
    (void)state;
    share_before_mpi();
    EXPECT(getenv("OMPI_MCA_osc") == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_libraries_are_left_alone, setup, teardown)};
    return testing_main(tests);
}

#endif
