/* judge_mpi.c -- see judge_mpi.h. */
#include "doctor/judge_mpi.h"

#include <string.h>

#include "job/family.h"

enum { TMP_LEAST = 16000000 };

void doctor_judge_start(struct doctor *d, const struct doctor_plan *p)
{
    const struct doctor_facts *first = &p->facts[0];
    int other = 0;
    for (int r = 1; r < p->n && !other; r++)
        if (strcmp(p->facts[r].build, first->build)) other = r;
    if (other)
        doctor_say(d, DOCTOR_FAIL, "build", "start one and the same file on every node",
                   "rank %d on %s runs %s, rank %d on %s runs %s", p->facts[other].rank, p->facts[other].host,
                   p->facts[other].build, first->rank, first->host, first->build);
    else
        doctor_say(d, DOCTOR_OK, "build", NULL, "%s", first->build);
    for (int r = 0; r < p->n; r++) {
        const struct doctor_facts *f = &p->facts[r];
        if (!is_first(p, r)) continue;
        if (p->alone && f->root)
            doctor_say(d, DOCTOR_FAIL, "root",
                       "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or another user",
                       "mpirun refuses root");
        if (!f->tmp_writable || (f->tmp_free >= 0 && f->tmp_free < TMP_LEAST))
            doctor_say(d, DOCTOR_FAIL, "tmp", "export TMPDIR=/a/local/folder/with/room",
                       "%s: %s, where mpirun keeps its session, %s", f->host, f->tmp,
                       f->tmp_writable ? "is full" : "cannot be written to");
    }
}

void doctor_judge_mpi(struct doctor *d, const struct doctor_plan *p)
{
    const struct doctor_facts *first = &p->facts[0];
    const struct doctor_facts *blind = NULL;
    char settings[160] = "";
    int mangled = -1;
    if (first->yield[0]) /* Open MPI, which has these */
        snprintf(settings, sizeof settings, "; osc = %s, btl = %s", first->osc[0] ? first->osc : "(default)",
                 first->btl[0] ? first->btl : "(default)");
    for (int r = 0; r < p->n; r++) {
        if (p->facts[r].mangled && mangled < 0) mangled = r;
        if (p->facts[r].copy_error > 0 && !blind) blind = &p->facts[r];
    }
    if (mangled >= 0)
        doctor_say(d, DOCTOR_FAIL, "messages",
                   first->yield[0] ? "export OMPI_MCA_btl_vader_single_copy_mechanism=none"
                                   : "load another MPI library",
                   "a message of 1 MB to rank %d on %s came changed", p->facts[mangled].rank, p->facts[mangled].host);
    else if (p->n > 1)
        doctor_say(d, DOCTOR_OK, "messages", NULL, "1 MB from each of %d ranks to the next%s", p->n, settings);
    if (first->no_relays && count_hosts(p) > 1)
        doctor_say(
            d, DOCTOR_WARN, "threads", "use a build of the MPI library with threads (--enable-mpi-thread-multiple)",
            "this MPI library lets only one thread call it: no relays, each actor of the other hosts fetches and "
            "pushes by itself");
    if (blind && !strcmp(blind->single_copy, "cma"))
        doctor_say(d, DOCTOR_WARN, "copies",
                   "export OMPI_MCA_btl_vader_single_copy_mechanism=none, or docker run --cap-add=SYS_PTRACE",
                   "%s: a process may not read another's memory (%s), which this MPI library wants to do", blind->host,
                   strerror(blind->copy_error));
}

static void print_address(char text[20], uint32_t a)
{
    snprintf(text, 20, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static int mask_bits(uint32_t mask)
{
    return __builtin_popcount(mask);
}

/* Has every host an interface in this network? Then how many other hosts have this very address? */
static bool everywhere(const struct doctor_plan *p, const struct doctor_net *net)
{
    for (int r = 0; r < p->n; r++) {
        bool has = false;
        for (int i = 0; i < p->facts[r].nets; i++)
            has |= (p->facts[r].net[i].address & net->mask) == (net->address & net->mask);
        if (!has) return false;
    }
    return true;
}

/* Another host with the very same address: a bridge of containers or virtual machines, which leads nowhere. */
static const struct doctor_facts *twin(const struct doctor_plan *p, const struct doctor_facts *f,
                                       const struct doctor_net *net)
{
    for (int r = 0; r < p->n; r++)
        for (int i = 0; i < p->facts[r].nets; i++)
            if (!same_host(&p->facts[r], f) && p->facts[r].net[i].address == net->address) return &p->facts[r];
    return NULL;
}

/* Is the interface left out by the settings, by its name? */
static bool is_left_out(const struct doctor_facts *f, const struct doctor_net *net)
{
    char list[200], name[24];
    snprintf(list, sizeof list, ",%s,", f->if_include[0] ? f->if_include : f->if_exclude);
    snprintf(name, sizeof name, ",%s,", net->name);
    return f->if_include[0] ? !strstr(list, name) && !strchr(list, '/') : strstr(list, name) != NULL;
}

void doctor_judge_network(struct doctor *d, const struct doctor_plan *p)
{
    const struct doctor_facts *first = &p->facts[0];
    const struct doctor_net *common = NULL;
    char address[20], mend[160];
    bool twins = false;
    const int hosts = count_hosts(p);
    for (int r = 0; r < p->n; r++)
        if (is_first(p, r) && p->facts[r].unresolved[0] && hosts > 1)
            doctor_say(d, DOCTOR_WARN, "names", "add it to /etc/hosts or to the name server",
                       "%s does not know the name %s: mpirun started there could not reach it", p->facts[r].host,
                       p->facts[r].unresolved);
    if (hosts == 1) return;
    for (int i = 0; i < first->nets; i++)
        if (everywhere(p, &first->net[i]) && !twin(p, first, &first->net[i]) && !common) common = &first->net[i];
    if (common) print_address(address, common->address & common->mask);
    char bits[32];
    if (common) snprintf(bits, sizeof bits, "%s/%d", address, mask_bits(common->mask));
    family_keep_to(mend, sizeof mend, common ? common->name : NULL, bits);
    for (int r = 0; r < p->n; r++)
        for (int i = 0; i < p->facts[r].nets && is_first(p, r); i++) {
            const struct doctor_net *net = &p->facts[r].net[i];
            const struct doctor_facts *other = twin(p, &p->facts[r], net);
            if (!other || is_left_out(&p->facts[r], net) || twins) continue;
            twins = true;
            print_address(address, net->address);
            doctor_say(d, DOCTOR_WARN, "interfaces", mend,
                       "%s and %s both have the address %s (%s): connections through it lead nowhere", p->facts[r].host,
                       other->host, address, net->name);
        }
    if (common)
        doctor_say(d, DOCTOR_OK, "network", NULL, "%d hosts share the network of %s's %s", hosts, first->host,
                   common->name);
    else
        doctor_say(
            d, DOCTOR_WARN, "network", "see that nodes reach each other's addresses (ip route)",
            "no IPv4 network that all %d hosts have an interface in: they are reached through routers, or not by "
            "TCP",
            hosts);
}
