package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"utkik/config"
	"utkik/internal/call"
	"utkik/internal/jobs"
	"utkik/internal/store"
	"utkik/internal/store/storetest"
	"utkik/internal/subscription"
)

// What BenchmarkOrganisations measures; doc/organisations.md tells how it is asked.
var (
	benchCalls         = flag.Int("calls", 1000, "how many calls BenchmarkOrganisations stores")
	benchOrganisations = flag.Int("organisations", 20, "how many organisations BenchmarkOrganisations serves, each with a plan of 15 priorities")
	benchEngines       = flag.String("engines", "sqlite postgres", "on which engines BenchmarkOrganisations stores")
)

// BenchmarkOrganisations measures what many organisations cost: to weigh all calls by all plans, to weigh a day's changes, and to tell
// everybody of them. Calls are those of the real corpus, under further refs where they do not suffice; plans are the real one's,
// each with other words left out. Run it with -benchtime 1x.
func BenchmarkOrganisations(b *testing.B) {
	for engine := range strings.FieldsSeq(*benchEngines) {
		b.Run(fmt.Sprintf("%s/%d/%d", engine, *benchCalls, *benchOrganisations), func(b *testing.B) {
			for b.Loop() {
				benchOrganisationsOn(b, engine)
			}
		})
	}
}

func benchOrganisationsOn(b *testing.B, engine string) {
	const changed = 300
	calls := benchCorpus(b, *benchCalls)
	dir := b.TempDir()
	text := "data: " + filepath.Join(dir, "data") + "\nlog_level: error\nweb: {base_url: \"https://utkik.example\"}\nplans:\n"
	if engine == "postgres" {
		var server storetest.Server
		b.Cleanup(server.Stop)
		text = "store: {url: \"" + server.URL(b) + "\"}\n" + text
	}
	for i := range *benchOrganisations {
		file := filepath.Join(dir, fmt.Sprintf("o%d.yaml", i))
		if err := os.WriteFile(file, benchPlan(b, i), 0o600); err != nil {
			b.Fatal(err)
		}
		text += fmt.Sprintf("  - {id: o%d, plan: %q, base_url: /o/o%d}\n", i, file, i)
	}
	file := filepath.Join(dir, "utkik.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	open := func(now string) *App {
		cfg, err := config.Load(config.Options{File: file, Flags: config.Flags{Now: now}})
		if err != nil {
			b.Fatal(err)
		}
		a, err := Open(b.Context(), cfg, Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		return a
	}
	ctx := b.Context()
	stage := func(name string, do func() error) {
		b.Helper()
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak begins anew
			b.Log(err)
		}
		began, used := time.Now(), benchCPU()
		if err := do(); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		wall, cpu := time.Since(began).Seconds(), benchCPU()-used
		fmt.Printf("%-36s %8.2f s, CPU %8.2f s, peak %5.0f MB, load %s\n", name, wall, cpu, benchPeak(b), benchLoad())
	}
	imported := func(a *App, calls []call.Call) error {
		var lines bytes.Buffer
		for i := range calls {
			line, err := call.Encode(&calls[i])
			if err != nil {
				return err
			}
			lines.Write(append(line, '\n'))
		}
		_, err := a.Import(ctx, "bench", &lines)
		return err
	}

	a := open("2026-06-19T04:00:00Z")
	stage("store calls", func() error { return imported(a, calls) })
	stage("read plans", a.gather)
	stage("match everything", func() error { _, err := a.match(ctx); return err })
	stage("link everything", func() error { return a.link(ctx) })
	stage("index everything", func() error { return a.CatchUp(ctx) })
	matched, priorities := 0, 0
	for _, o := range a.all() {
		if err := a.Store.EachMatched(ctx, o.Plan.ID, func(store.Matched) error { matched++; return nil }); err != nil {
			b.Fatal(err)
		}
		priorities += len(o.Plan.Priorities)
		for i, d := range o.Plan.Departments[:min(3, len(o.Plan.Departments))] {
			r := subscription.Recipient{ID: fmt.Sprintf("r%d", i), Address: fmt.Sprintf("r%d@%s.example", i, "o"+o.ID), Name: "Mottagare", Department: d.ID, Language: "sv",
				Zone: "Europe/Stockholm", Hour: 7, Rhythm: subscription.Daily, Follows: []subscription.Subscription{{Departments: []string{d.ID}}}}
			if err := o.SaveRecipient(ctx, r, true); err != nil {
				b.Fatal(err)
			}
		}
	}
	fmt.Printf("%d organisations, %d priorities, %d calls, %d results of call and plan are stored\n", len(a.all()), priorities, len(calls), matched)
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}

	a = open("2026-06-22T05:30:00Z") // a Monday; the index follows without a rebuild
	defer a.Close()
	var moved []call.Call
	for i := range calls {
		if last, ok := calls[i].LastDeadline(); ok && !last.Passed(a.now().AddDate(0, 0, 20)) && len(moved) < changed {
			day := last.Time().AddDate(0, 0, 7)
			c := calls[i]
			c.Deadlines = append([]call.Moment{}, c.Deadlines...)
			c.Deadlines[len(c.Deadlines)-1] = call.Day(day.Year(), day.Month(), day.Day())
			moved = append(moved, c)
		}
	}
	calls = nil
	stage("read plans again", a.gather)
	stage(fmt.Sprintf("store %d changes", len(moved)), func() error { return imported(a, moved) })
	stage("match the day", func() error { _, err := a.match(ctx); return err })
	stage("link the day", func() error { return a.link(ctx) })
	stage("index the day", func() error { return a.CatchUp(ctx) })
	w := &work{App: a}
	stage("what is due, nothing done", func() error {
		for _, o := range a.all() {
			_, err := o.digestDays(ctx)
			if err == nil {
				_, err = o.mailsDue(ctx)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	sample := a.all()[:min(len(a.all()), 10)]
	stage(fmt.Sprintf("mails of %d, each reading itself", len(sample)), func() error {
		for _, o := range sample {
			if _, err := o.WriteDigests(ctx, WriteOptions{Dry: true}); err != nil {
				return err
			}
		}
		return nil
	})
	stage("mails of all", func() error { return benchJobs(ctx, a, w.write) })
	stage("departments' digests of all", func() error { return benchJobs(ctx, a, w.digests) })
	mails, err := a.Store.AllMails(ctx, "", 0)
	if err != nil {
		b.Fatal(err)
	}
	kept := 0
	for _, o := range a.all() {
		heads, err := o.Store.DigestHeads(ctx, 0)
		if err != nil {
			b.Fatal(err)
		}
		kept += len(heads)
	}
	fmt.Printf("%d mails, %d digests\n", len(mails), kept)
	b.ReportMetric(0, "ns/op") // says nothing here
}

// benchJobs does the job of every organisation, one after the other.
func benchJobs(ctx context.Context, a *App, do func(context.Context, jobs.Job) error) error {
	var errs []error
	for _, o := range a.all() {
		errs = append(errs, do(ctx, jobs.Job{Key: o.ID}))
	}
	return errors.Join(errs...)
}

// benchCorpus gives so many calls of the real corpus. Where there are fewer, they come again under other refs and codes.
func benchCorpus(b *testing.B, n int) []call.Call {
	b.Helper()
	packed, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "calls.jsonl.gz"))
	if err != nil {
		b.Skip("../shared/corpus is not beside this checkout")
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	var out []call.Call
	for round := 0; len(out) < n; round++ {
		err := ReadCalls("corpus", bytes.NewReader(text), func(c call.Call) error {
			if round > 0 {
				again := fmt.Sprintf("-again-%d", round)
				c.Ref, c.URL = c.Ref+again, c.URL+again
				if c.Identifier != "" {
					c.Identifier += again
				}
			}
			if len(out) < n {
				out = append(out, c)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// benchPlan is the real plan under another id, without what labels taught and without a third of its words, for each another.
func benchPlan(b *testing.B, i int) []byte {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "plans", "rvn-2020.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	term := regexp.MustCompile(`^      - \{.*weight: [0-9.]+\}$`)
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		switch bare := strings.TrimRight(line, "\n"); {
		case bare == "id: rvn-2020":
			fmt.Fprintf(&out, "id: plan-%d\n", i)
		case strings.HasPrefix(bare, "learned:"):
		case term.MatchString(bare) && left(i, bare):
		default:
			out.WriteString(line)
		}
	}
	return out.Bytes()
}

// left tells whether a plan leaves a word out: every plan a third, and none the same.
func left(plan int, term string) bool {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d", term, plan)
	return h.Sum32()%3 == 0
}

func benchCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// benchPeak is the memory at the peak since it was begun anew, in MB.
func benchPeak(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	var kb float64
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	_, _ = fmt.Sscan(rest, &kb) // 0 where it is not told
	return kb / 1024
}

func benchLoad() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	return strings.Fields(string(text))[0]
}
