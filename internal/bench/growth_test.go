package bench

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/store/storetest"
)

// BenchmarkGrowth takes every stage of the program through rising numbers of calls, on each database, and prints rows for
// ./bench: what a stage takes at each size, and the power of the size with which that grows. Scrapy reads the same site in
// the same run. How search grows is BenchmarkSearch's matter, and how matching grows with profiles that of internal/match.
func BenchmarkGrowth(b *testing.B) {
	shared(b, "corpus")
	server := &storetest.Server{Durable: true}
	defer server.Stop()
	engines := []engine{{"SQLite", nil}, {"PostgreSQL", server}}
	built := build(b)
	for b.Loop() {
		g := &curves{}
		for _, n := range sizes(b) { // first, while this process is small: see village
			crawlSize(b, built, engines, n, g)
		}
		m := newMixer(b)
		for i, n := range sizes(b) {
			row(fmt.Sprintf("%d calls", n), "", "", "")
			for _, e := range engines {
				b.Run(fmt.Sprintf("%s-%d", e.name, n), func(b *testing.B) { fillSize(b, built, m, e, n, i == 0, g) })
			}
		}
		g.print()
	}
	b.ReportMetric(0, "ns/op") // says nothing here
}

// engine is a database that the program can store in.
type engine struct {
	name   string
	server *storetest.Server // nil for SQLite, which is part of the process
}

// url is the address of a new database; empty for a file.
func (e engine) url(b *testing.B) string {
	if e.server == nil {
		return ""
	}
	return e.server.URL(b)
}

// by is how rows name what a stage did on it.
func (e engine) by() string { return "with " + e.name }

// cpu gives the seconds that the database's own processes have used.
func (e engine) cpu() float64 {
	if e.server == nil {
		return 0
	}
	return serverTime(e.server.PID())
}

// spent is what a stage took for so many items: seconds, seconds of CPU, those of the database's server, and the memory at
// the peak in MB, 0 where it is not known.
type spent struct {
	items                   int
	wall, cpu, served, peak float64
}

// meter adds up what a stage takes while it is timed. Peak is above what the process held when the meter was made.
type meter struct {
	spent
	b    *testing.B
	of   engine
	held float64
}

func newMeter(b *testing.B, e engine) *meter {
	m := &meter{b: b, of: e, held: -1}
	debug.FreeOSMemory()
	if forgetPeak() {
		m.held = memory(b, os.Getpid(), "VmRSS")
	}
	return m
}

// time times a part of the stage.
func (m *meter) time(do func() error) {
	m.b.Helper()
	began, cpu, served := time.Now(), cpuTime(), m.of.cpu()
	if err := do(); err != nil {
		m.b.Fatal(err)
	}
	m.wall, m.cpu, m.served = m.wall+time.Since(began).Seconds(), m.cpu+cpuTime()-cpu, m.served+m.of.cpu()-served
}

// done gives what the stage took.
func (m *meter) done(items int) spent {
	m.items = items
	if m.held >= 0 {
		m.peak = memory(m.b, os.Getpid(), "VmHWM") - m.held
	}
	return m.spent
}

// curves gather what stages took at each size.
type curves struct{ all []*curve }

// curve is how a stage grows that is done by something.
type curve struct {
	what, by string
	sizes    []float64
	took     []spent
}

// same says that a stage does the same work at every size: what grows is what it is done among.
const same = "the same work among more calls: "

// note keeps what a stage took at a size.
func (g *curves) note(what, by string, size int, s spent) *curve {
	i := slices.IndexFunc(g.all, func(c *curve) bool { return c.what == what && c.by == by })
	if i < 0 {
		i = len(g.all)
		g.all = append(g.all, &curve{what: what, by: by})
	}
	c := g.all[i]
	c.sizes, c.took = append(c.sizes, float64(size)), append(c.took, s)
	return c
}

// add notes what a stage took at a size, and prints it beside what the engines before it took.
func (g *curves) add(what, by string, size int, s spent, beside ...string) {
	c := g.note(what, by, size, s)
	figure := fmt.Sprintf("%.0f/s, CPU %.3g ms each", float64(s.items)/s.wall, s.cpu*1000/float64(s.items))
	if s.items == 1 {
		figure = fmt.Sprintf("%.0f ms, CPU %.0f ms", s.wall*1000, s.cpu*1000)
	}
	if s.served > 0 {
		beside = append(beside, fmt.Sprintf("CPU of the server %.3g ms", s.served*1000/float64(s.items)))
	}
	if s.peak > 0 {
		beside = append(beside, fmt.Sprintf("%.0f MB at the peak", s.peak))
	}
	first := g.all[slices.IndexFunc(g.all, func(c *curve) bool { return c.what == what })]
	if k := slices.Index(first.sizes, float64(size)); first != c && k >= 0 {
		beside = append(beside, fmt.Sprintf("%.2g times the time %s, %.2g times the CPU", s.wall/first.took[k].wall, first.by, (s.cpu+s.served)/(first.took[k].cpu+first.took[k].served)))
	}
	row("  "+strings.TrimPrefix(what, same)+", "+by, figure, "", strings.Join(beside, "; "))
}

// print tells the power with which each stage grows.
func (g *curves) print() {
	row("growth, as a power of the number", "", "", "1 is in proportion; in brackets CPU, the database's included")
	var told []string
	for _, c := range g.all {
		if slices.Contains(told, c.what) {
			continue
		}
		told = append(told, c.what)
		var out []string
		var sizes []float64
		for _, of := range g.all {
			if of.what != c.what {
				continue
			}
			var wall, cpu []float64
			for _, s := range of.took {
				wall, cpu = append(wall, s.wall), append(cpu, s.cpu+s.served)
			}
			p, ok := power(of.sizes, wall)
			if !ok {
				continue
			}
			sizes = of.sizes
			text := fmt.Sprintf("%s %.2f", of.by, p)
			if p, ok := power(of.sizes, cpu); ok {
				text += fmt.Sprintf(" (%.2f)", p)
			}
			out = append(out, text)
		}
		if len(out) == 0 {
			continue
		}
		name, ok := strings.CutPrefix(c.what, same)
		beside := fmt.Sprintf("from %.0f to %.0f", slices.Min(sizes), slices.Max(sizes))
		if ok {
			beside += "; the same work, so 0 is no growth"
		}
		row("  "+name, strings.Join(out, ", "), "", beside)
	}
}

// What one run of the engine can ask for, the list included (crawler: maxRequests).
const mostPages = 20_000 - 1

// crawlSize reads a site of n pages with the program, as a process of its own on each database, and with Scrapy: first,
// and when nothing has changed. Small sites are read three times.
func crawlSize(b *testing.B, built program, engines []engine, n int, g *curves) {
	if n > mostPages {
		row(fmt.Sprintf("%d pages", n), "left out", "", fmt.Sprintf("a run asks for at most %d", mostPages+1))
		return
	}
	v := newVillage(n)
	defer v.Close()
	rounds := 1
	if n <= 2000 {
		rounds = 3
	}
	row(fmt.Sprintf("%d pages of %.0f KB, with their list", n, float64(len(v.page(0)))/1000), "", "", fmt.Sprintf("median of %d; whole processes, start included", rounds))
	for _, e := range engines {
		b.Run(fmt.Sprintf("crawl-%s-%d", e.name, n), func(b *testing.B) { v.crawled(b, built, e, rounds, g) })
	}
	b.Run(fmt.Sprintf("crawl-Scrapy-%d", n), func(b *testing.B) { v.scraped(b, rounds, g) })
}

// crawled reads the village with the program: what that takes is fetching, keeping, parsing, judging, storing, matching,
// linking and indexing.
func (v *village) crawled(b *testing.B, built program, e engine, rounds int, g *curves) {
	var first, second, again costs
	var idle, alone float64
	served := make([]float64, 3)
	for range rounds {
		p := v.installed(b, built, e.url(b))
		idle = p.idle(b).cpu
		for i, into := range []*costs{&first, &second, &again} {
			before, notModified := e.cpu(), v.unchanged.Load()
			run, c := p.reads(b, "--json", []string{"crawl", "crawl", "reparse"}[i], "village")
			*into = append(*into, c)
			served[i] += (e.cpu() - before) / float64(rounds)
			if i == 0 {
				alone += run.Ended.Sub(run.Started).Seconds() / float64(rounds)
			}
			if want := []int{v.pages, 0, 0}[i]; run.Added+run.Changed != want || i == 1 && v.unchanged.Load()-notModified <= int64(v.pages) {
				b.Fatalf("reading %d added or changed %d, %d were answered with 304", i+1, run.Added+run.Changed, v.unchanged.Load()-notModified)
			}
		}
	}
	of := func(c costs, served float64) spent {
		return spent{items: v.pages, wall: c.wall(), cpu: c.cpu(), served: served, peak: c.rss()}
	}
	g.add("crawl, first", e.by(), v.pages, of(first, served[0]),
		fmt.Sprintf("%.1f s in all, of which fetched, kept and parsed %.1f; a start %.2f s of CPU", first.wall(), alone, idle))
	g.add("crawl, unchanged", e.by(), v.pages, of(second, served[1]), fmt.Sprintf("%.1f s in all", second.wall()))
	g.add("read again from the store", e.by(), v.pages, of(again, served[2]))
	if e.server == nil {
		p := v.installed(b, built, "")
		m, size := newMeter(b, e), 0
		m.time(func() error { size = v.parse(b, p); return nil })
		s := m.done(v.pages)
		g.add("parse alone", "in memory", v.pages, s, fmt.Sprintf("%.0f MB/s", float64(size)/1e6/s.wall))
	}
}

// scraped reads the village with Scrapy, which writes what it finds into a file, a line each: first without a cache, then
// again with one that a further crawl has filled.
func (v *village) scraped(b *testing.B, rounds int, g *curves) {
	if v.pages > *peerSize {
		row("  Scrapy", "left out", "", fmt.Sprintf("peers read at most %d pages here", *peerSize))
		return
	}
	var first, second costs
	for range rounds {
		c, ok := v.scrapy(b, "")
		if !ok {
			row("  Scrapy", "left out", "", "it is not on this machine: Debian's package python3-scrapy")
			return
		}
		first = append(first, c)
	}
	of := func(c costs) spent { return spent{items: v.pages, wall: c.wall(), cpu: c.cpu(), peak: c.rss()} }
	g.add("crawl, first", "by Scrapy", v.pages, of(first))
	if rounds == 1 {
		row("  crawl, unchanged, by Scrapy", "left out", "", "it takes as long as the first, and fills its cache before")
		return
	}
	cache := b.TempDir()
	v.scrapy(b, cache)
	for range rounds {
		before := v.unchanged.Load()
		c, _ := v.scrapy(b, cache)
		if n := v.unchanged.Load() - before; n < int64(v.pages) {
			b.Fatalf("Scrapy's second crawl got %d answers with 304, of %d", n, v.pages)
		}
		second = append(second, c)
	}
	g.add("crawl, unchanged", "by Scrapy", v.pages, of(second))
}

// followed is how many calls, the first of all, are open in June 2026 whatever the real ones were, so that a day's
// changes are the same at every size.
const followed = 1000

// version makes the k-th version of call i: other words, and for those that are followed a deadline a week later.
func (m *mixer) version(i, k int) call.Call {
	c := m.call(i)
	if i < followed {
		c.Kind, c.Status, c.Opens, c.Stages = call.KindCall, call.StatusOpen, call.Moment{}, nil
		day := time.Date(2026, 9, 1+i%90+7*k, 0, 0, 0, 0, time.UTC)
		c.Deadlines = []call.Moment{call.Day(day.Year(), day.Month(), day.Day())}
	}
	if k > 0 {
		c.Text += fmt.Sprintf("\n\nVersion %d.", k)
	}
	return c
}

// committed saves the k-th versions of n calls, 500 of a source in a transaction, as runs that began at a time.
func committed(b *testing.B, m *mixer, st *store.Store, e engine, n, k int, at time.Time) spent {
	t := newMeter(b, e)
	pending := map[string][]store.Save{}
	flush := func(source string) {
		at = at.Add(time.Second)
		run, err := st.BeginRun(b.Context(), source, "import", at)
		if err != nil {
			b.Fatal(err)
		}
		run.Ended, run.Complete, run.Baseline = at, true, k == 0
		t.time(func() error {
			return st.Commit(b.Context(), run, store.Batch{Source: source, At: at, Saves: pending[source]})
		})
		delete(pending, source)
	}
	for i := range n {
		c := m.version(i, k)
		change := call.Change{Event: call.EventNew, Material: true, Baseline: k == 0}
		if k > 0 {
			change = call.Change{Event: call.EventText, Field: "text", Material: true}
		}
		source := c.Source
		if pending[source] = append(pending[source], store.Save{Call: c, Version: true, Seen: true, Changes: []call.Change{change}}); len(pending[source]) == 500 {
			flush(source)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(pending)) {
		flush(source)
	}
	return t.done(n)
}

// fillSize takes an installation through all stages behind the crawl with n calls.
func fillSize(b *testing.B, built program, m *mixer, e engine, n int, smallest bool, g *curves) {
	p := built.fresh(b, "")
	p.add(b, mailing(1)) // nothing is sent
	p.stored(b, e.url(b))
	a := p.open(b, "2026-06-18T04:00:00Z")
	ctx := b.Context()
	stage := func(what string, items int, do func() error) {
		t := newMeter(b, e)
		t.time(do)
		g.add(what, e.by(), n, t.done(items))
	}
	g.add("store, new calls", e.by(), n, committed(b, m, a.Store, e, n, 0, a.Now()))
	stage("link", n, func() error {
		c := m.version(0, 0)
		_, err := a.Links(ctx, c.Key()) // links what is new, and then reads what is known of one call
		return err
	})
	stage("match to the plan, with reasons", n, func() error {
		_, err := a.Digests(ctx, nil, "2026-06-01", "sv") // of nobody, and of a day on which nothing was known: it matches, and looks for dates that are near
		return err
	})
	stage("index", n, func() error { return a.CatchUp(ctx) })
	size, err := a.Store.Size(ctx)
	if err != nil {
		b.Fatal(err)
	}
	row("  on disk, "+e.by(), fmt.Sprintf("%.1f KB a call", float64(size)/float64(n)/1000), "", fmt.Sprintf("and the index %.1f KB", float64(disk(b, filepath.Join(p.dir, "data", "index")))/float64(n)/1000))
	next := min(n, 2000)
	g.add(same+"store, next versions", e.by(), n, committed(b, m, a.Store, e, next, 1, a.Now().Add(24*time.Hour)))
	stage(same+"match, link and index them", next, func() error { return a.CatchUp(ctx) })
	closed(b, a)

	type day struct{ recipients, changes int }
	days := []day{{1000, 300}}
	if smallest {
		days = append(days, day{1000, 100}, day{1000, 1000}, day{10000, 300})
	}
	for i, d := range days {
		var mails int
		s := digested(b, m, p, e, i, d.recipients, d.changes, &mails, func(s spent) {
			if i == 0 {
				g.add(same+"a reading with 300 changes taken in", e.by(), n, s)
			}
		})
		beside := fmt.Sprintf("%.1f s for %d mails", s.wall, mails)
		byChanges, byRecipients := "digests of a day, 1000 recipients, by changes", "digests of a day, 300 changes, by recipients"
		switch {
		case i == 0:
			g.add(same+"digests of a day, 300 changes, 1000 recipients", e.by(), n, s, beside)
			if smallest {
				g.note(byChanges, e.by(), d.changes, s)
				g.note(byRecipients, e.by(), d.recipients, s)
			}
		case d.recipients == days[0].recipients:
			g.add(byChanges, e.by(), d.changes, s, fmt.Sprintf("%d changes", d.changes), beside)
		default:
			g.add(byRecipients, e.by(), d.recipients, s, fmt.Sprintf("%d recipients", d.recipients), beside)
		}
	}

	a = p.open(b, "2026-06-29T04:00:00Z")
	defer closed(b, a)
	f := figures{of: map[string]float64{}}
	served := e.cpu()
	changed(b, a, m.call(n+1), &f)
	g.add(same+"one change, from its reading until it is found", e.by(), n,
		spent{items: 1, wall: f.of["change ms"] / 1000, cpu: f.of["change cpu-ms"] / 1000, served: (e.cpu() - served) / changeRounds},
		fmt.Sprintf("%.0f ms until it is stored", f.of["change stored ms"]))
}

// digested lets calls change on the i-th day after the 21st of June 2026 and writes what recipients are told of it.
func digested(b *testing.B, m *mixer, p program, e engine, i, recipients, changes int, mails *int, takenIn func(spent)) spent {
	ctx := b.Context()
	eve := p.open(b, fmt.Sprintf("2026-06-%dT10:00:00Z", 21+i))
	file := filepath.Join(p.dir, "people.yaml")
	people(b, file, recipients)
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := eve.ImportRecipients(ctx, file, data); err != nil {
		b.Fatal(err)
	}
	closed(b, eve)

	morning := p.open(b, fmt.Sprintf("2026-06-%dT03:00:00Z", 22+i))
	var lines bytes.Buffer
	for k := range changes {
		c := m.version(k, 2+i)
		line, err := call.Encode(&c)
		if err != nil {
			b.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	t := newMeter(b, e)
	t.time(func() error {
		runs, err := morning.Import(ctx, "changes", &lines)
		for _, r := range runs {
			if !r.OK() {
				b.Fatalf("%+v", r)
			}
		}
		return err
	})
	takenIn(t.done(changes))
	if err := morning.CatchUp(ctx); err != nil {
		b.Fatal(err)
	}
	closed(b, morning)

	a := p.open(b, fmt.Sprintf("2026-06-%dT06:00:00Z", 22+i))
	defer closed(b, a)
	t = newMeter(b, e)
	t.time(func() error {
		w, err := a.WriteDigests(ctx, app.WriteOptions{})
		*mails = len(w.Mails)
		if err == nil && *mails < recipients/4 {
			b.Fatalf("only %d mails for %d recipients", *mails, recipients)
		}
		return err
	})
	return t.done(*mails)
}

func closed(b *testing.B, a *app.App) {
	b.Helper()
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
}
