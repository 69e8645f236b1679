package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"utkik/index"
	"utkik/internal/app"
	"utkik/internal/call"
)

var (
	callSizes  = flag.String("calls", "5000,50000", "with how many `calls` BenchmarkSearch and BenchmarkGrowth fill an installation, in rising order, with commas between")
	peerSize   = flag.Int("peers", 50000, "the most calls, or pages, with which they fill the peers")
	searchTime = flag.Duration("asking", 6*time.Second, "how long BenchmarkSearch asks each engine")
)

const searchNow = "2026-06-01T06:00:00Z"

// BenchmarkSearch fills installations with mixed calls and asks them what people ask, in process and over HTTP, and asks
// peers that hold the same calls the same. It prints rows for ./bench, by size, and the exponents with which they grow.
func BenchmarkSearch(b *testing.B) {
	shared(b, "corpus")
	m := newMixer(b)
	built := build(b)
	for b.Loop() {
		var all []figures
		for _, n := range sizes(b) {
			f := figures{size: n, of: map[string]float64{}}
			searchSize(b, m, built, n, &f)
			f.print()
			all = append(all, f)
		}
		grown(all)
	}
	b.ReportMetric(0, "ns/op") // says nothing here
}

// sizes are the numbers of calls that were asked for.
func sizes(b *testing.B) []int {
	b.Helper()
	var out []int
	for field := range strings.SplitSeq(*callSizes, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1000 || n > 1_000_000 || len(out) > 0 && n <= out[len(out)-1] {
			b.Fatalf("-calls %q: want rising numbers from 1000 to 1000000 with commas between", *callSizes)
		}
		out = append(out, n)
	}
	return out
}

// figures are what was measured at one size, by name.
type figures struct {
	size    int
	of      map[string]float64
	classes []string
	peers   []string
}

// searchSize measures one size.
func searchSize(b *testing.B, m *mixer, built program, n int, f *figures) {
	p := built.fresh(b, "")
	p.add(b, "web: {api_rate: 0}\n") // fifty programs ask from one address
	input := filepath.Join(p.dir, "calls.jsonl")
	writeMixed(b, m, input, n)
	_, imported := p.run(b, "--now", searchNow, "import", input)
	f.of["import/s"], f.of["import cpu-s"] = float64(n)/imported.wall, imported.cpu
	if err := os.Remove(input); err != nil {
		b.Fatal(err)
	}
	asked := questions(m, n)
	for _, q := range asked {
		if !slices.Contains(f.classes, q.class) {
			f.classes = append(f.classes, q.class)
		}
	}
	starts(b, p, f)
	served(b, p, m, asked, f)
	a := p.open(b, searchNow)
	defer func() {
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	}()
	x, err := a.Index(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	now := a.Now()
	ask(b, f, "utkik", asked, 3, func(q question) (int, error) {
		res, err := x.Search(b.Context(), q.query(now))
		return res.Total, err
	})
	changed(b, a, m.call(n+1), f)
	entries := entriesOf(b, a)
	f.of["text"] = 0
	for i := range entries {
		f.of["text"] += float64(searched(&entries[i].Call))
	}
	indexed(b, entries, f)
	if n <= *peerSize {
		askPeers(b, entries, asked, now, f)
	}
}

func writeMixed(b *testing.B, m *mixer, name string, n int) {
	b.Helper()
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for i := range n {
		c := m.call(i)
		line, err := call.Encode(&c)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = w.Write(append(line, '\n')) // Flush tells
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		b.Fatal(err)
	}
}

// ask asks an engine every question in turn, in another order each time, until the time is over, and at least some
// rounds. The first round is told apart: then nothing of the index has been used.
func ask(b *testing.B, f *figures, engine string, asked []question, least int, answer func(question) (int, error)) {
	b.Helper()
	took, first := map[string][]float64{}, []float64{}
	rnd := rand.New(rand.NewPCG(11, 12))
	order := slices.Clone(asked)
	began, cpu, searches, found := time.Now(), cpuTime(), 0, 0
	for round := 0; round < least || time.Since(began) < *searchTime; round++ {
		rnd.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		for _, q := range order {
			at := time.Now()
			n, err := answer(q)
			ms := time.Since(at).Seconds() * 1000
			if err != nil {
				b.Fatalf("%s: %q: %v", engine, q.text(), err)
			}
			searches, found = searches+1, found+n
			if round == 0 {
				first = append(first, ms)
				f.of[fmt.Sprintf("%s found %s", engine, q.class)] += float64(n)
				continue
			}
			took[q.class] = append(took[q.class], ms)
			took["all"] = append(took["all"], ms)
		}
		if round == 0 { // what the first round costs is no steady state
			began, cpu, searches = time.Now(), cpuTime(), 0
		}
	}
	f.of[engine+" cpu-ms"] = (cpuTime() - cpu) * 1000 / float64(searches)
	f.of[engine+" n"] = float64(searches)
	quantiles := func(class string, values []float64) {
		slices.Sort(values)
		at := func(q float64) float64 { return values[min(len(values)-1, int(q*float64(len(values))))] }
		f.of[engine+" "+class+" median"], f.of[engine+" "+class+" p99"], f.of[engine+" "+class+" p99.9"] = at(.5), at(.99), at(.999)
	}
	for class, values := range took {
		quantiles(class, values)
	}
	quantiles("first", first)
}

// starts measures `utkik search` as a process, and `utkik serve` before anybody has come.
func starts(b *testing.B, p program, f *figures) {
	var searches, idles costs
	for range 7 {
		_, c := p.run(b, "--now", searchNow, "--json", "search", "energi klimat")
		searches, idles = append(searches, c), append(idles, p.idle(b))
	}
	f.of["start ms"], f.of["start cpu-ms"] = 1000*searches.wall(), 1000*searches.cpu()
	f.of["idle ms"], f.of["idle cpu-ms"] = 1000*idles.wall(), 1000*idles.cpu()
}

// served measures `utkik serve`: its memory, pages for 50 readers who each look at a page for half a second to one and a
// half, pages for as many who do not look at all, and what as many programs are told that ask as readers do.
func served(b *testing.B, p program, m *mixer, asked []question, f *figures) {
	const readers = 50
	cmd := p.command(b, "--now", searchNow, "serve", "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // nothing is being written
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	f.of["serve ms"] = time.Since(began).Seconds() * 1000
	address := strings.TrimSpace(line)
	f.of["first page ms"] = fetch(b, http.DefaultClient, address)
	if runtime.GOOS == "linux" {
		f.of["serve MB"], f.of["serve own MB"] = resident(b, cmd.Process.Pid), memory(b, cmd.Process.Pid, "RssAnon")
	}
	visit := func(path func(*rand.Rand) string, pause func(*rand.Rand) time.Duration, during time.Duration) []float64 {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
		defer client.CloseIdleConnections()
		var mu sync.Mutex
		var took []float64
		var wg sync.WaitGroup
		end := time.Now().Add(during)
		for reader := range readers {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(13, uint64(reader)))
				for time.Now().Before(end) {
					if d := pause(rnd); d > 0 {
						timer := time.NewTimer(d)
						<-timer.C
					}
					ms := fetch(b, client, address+path(rnd))
					mu.Lock()
					took = append(took, ms)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(took)
		return took
	}
	for range 2 { // what is used for the first time was measured above
		for _, q := range asked {
			fetch(b, http.DefaultClient, address+"?"+q.address().Encode())
		}
	}
	look := func(rnd *rand.Rand) time.Duration {
		return 500*time.Millisecond + time.Duration(rnd.IntN(1000))*time.Millisecond
	}
	page := func(rnd *rand.Rand) string { return "?" + asked[rnd.IntN(len(asked))].address().Encode() }
	cpu := processTime(b, cmd.Process.Pid)
	took := visit(page, look, 10*time.Second)
	f.of["page cpu-ms"] = (processTime(b, cmd.Process.Pid) - cpu) * 1000 / float64(len(took))
	f.of["page median"], f.of["page p99"] = took[len(took)/2], took[len(took)*99/100]
	const hard = 4 * time.Second
	took = visit(page, func(*rand.Rand) time.Duration { return 0 }, hard)
	f.of["pages/s"], f.of["hard median"] = float64(len(took))/hard.Seconds(), took[len(took)/2]
	if runtime.GOOS == "linux" {
		f.of["served MB"], f.of["served own MB"] = resident(b, cmd.Process.Pid), memory(b, cmd.Process.Pid, "RssAnon")
	}
	calls := make([]string, 500)
	for i := range calls {
		c := m.call(i * f.size / len(calls))
		calls[i] = "api/v1/calls/" + c.Key().Path()
	}
	for name, path := range map[string]func(*rand.Rand) string{
		"api search": func(rnd *rand.Rand) string { // as much as a page shows
			q := asked[rnd.IntN(len(asked))].address()
			q["facet"] = []string{index.FacetStatus, index.FacetKind, index.FacetProgramme, index.FacetSource, index.FacetPriority, index.FacetDeadline}
			return "api/v1/search?" + q.Encode()
		},
		"api call": func(rnd *rand.Rand) string { return calls[rnd.IntN(len(calls))] },
	} {
		took = visit(path, look, 5*time.Second)
		f.of[name+" median"], f.of[name+" p99"] = took[len(took)/2], took[len(took)*99/100]
	}
}

// address is the query of a page's address that asks the same.
func (q question) address() url.Values {
	v := url.Values{"q": {q.text()}}
	for name, values := range map[string][]string{
		index.FacetStatus: q.filter.status, index.FacetKind: q.filter.kind, index.FacetSource: q.filter.source, index.FacetProgramme: q.filter.programme,
	} {
		if len(values) > 0 {
			v[name] = values
		}
	}
	return v
}

// fetch reads a page to its end and gives the milliseconds that it took.
func fetch(b *testing.B, client *http.Client, url string) float64 {
	began := time.Now()
	resp, err := client.Get(url)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("GET %s: status %d, %v", url, resp.StatusCode, err)
	}
	return time.Since(began).Seconds() * 1000
}

// changeRounds is how often a call is changed.
const changeRounds = 4

// changed measures the time from a call's coming in until a search finds it, with matches, links and index.
func changed(b *testing.B, a *app.App, c call.Call, f *figures) {
	c.Title = "Xylofonverkstad"
	line, err := call.Encode(&c)
	if err != nil {
		b.Fatal(err)
	}
	c.Title = "Xylofonverkstaden"
	again, err := call.Encode(&c)
	if err != nil {
		b.Fatal(err)
	}
	var took, in []float64
	cpu := cpuTime()
	for i := range changeRounds {
		began := time.Now()
		if _, err := a.Import(b.Context(), "one", bytes.NewReader([][]byte{line, again}[i%2])); err != nil {
			b.Fatal(err)
		}
		in = append(in, time.Since(began).Seconds()*1000)
		res, err := a.Search(b.Context(), index.Query{Text: []string{"title:xylofonverkstad", "title:xylofonverkstaden"}[i%2]})
		if err != nil || res.Total != 1 {
			b.Fatalf("the changed call: %d found, %v", res.Total, err)
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	f.of["change ms"], f.of["change stored ms"], f.of["change cpu-ms"] = median(took), median(in), (cpuTime()-cpu)*1000/changeRounds
}

// searched counts the bytes of a call that are made searchable.
func searched(c *call.Call) int {
	n := len(c.Title) + len(c.Text) + len(c.Identifier) + len(c.Call) + len(c.Programme) + len(c.CallTitle) + len(c.ParentTitle) + len(c.Project) + len(c.Eligible)
	for _, list := range [][]string{c.Topics, c.Divisions} {
		for _, s := range list {
			n += len(s)
		}
	}
	return n
}

// entriesOf gives what the index is handed of the installation's calls.
func entriesOf(b *testing.B, a *app.App) []index.Entry {
	b.Helper()
	matches, err := a.Store.AllMatches(b.Context(), a.Plan.ID)
	if err != nil {
		b.Fatal(err)
	}
	var out []index.Entry
	for after := int64(0); ; {
		records, err := a.Store.Touched(b.Context(), after, 500)
		if err != nil {
			b.Fatal(err)
		}
		if len(records) == 0 {
			return out
		}
		for i := range records {
			r := &records[i]
			after = r.Touched
			e := index.Entry{Call: r.Call, FirstSeen: r.FirstSeen, Updated: r.LastSeen, Seq: r.Touched}
			for _, m := range matches[r.Call.Key()] {
				if m.Included {
					e.Priorities = append(e.Priorities, m.Priority)
				}
			}
			for _, d := range a.Plan.Departments {
				if slices.ContainsFunc(d.Priorities, func(p string) bool { return slices.Contains(e.Priorities, p) }) {
					e.Departments = append(e.Departments, d.ID)
				}
			}
			out = append(out, e)
		}
	}
}

// entryFeed is a feed of entries in memory, in order of Seq.
type entryFeed []index.Entry

func (f entryFeed) Touched(_ context.Context, after int64, limit int) ([]index.Entry, error) {
	i, found := slices.BinarySearchFunc(f, after, func(e index.Entry, seq int64) int { return int(e.Seq - seq) })
	if found {
		i++
	}
	return f[i:min(len(f), i+limit)], nil
}

// indexed fills an index from memory.
func indexed(b *testing.B, entries entryFeed, f *figures) {
	dir := b.TempDir()
	x, err := index.Open(dir, index.Options{})
	if err != nil {
		b.Fatal(err)
	}
	began, cpu := time.Now(), cpuTime()
	if _, err := x.Sync(b.Context(), entries); err != nil {
		b.Fatal(err)
	}
	f.of["utkik calls/s"], f.of["utkik index cpu-s"] = float64(len(entries))/time.Since(began).Seconds(), cpuTime()-cpu
	if err := x.Close(); err != nil { // which lets go of files that were merged into others
		b.Fatal(err)
	}
	f.of["utkik of text"] = float64(disk(b, dir)) / f.of["text"]
	if x, err = index.Open(dir, index.Options{}); err != nil {
		b.Fatal(err)
	}
	// What the index alone takes until a change is found, with the columns of its new segment.
	var took []float64
	for i := range 7 {
		e := entries[i]
		e.Seq, e.Call.Title = entries[len(entries)-1].Seq+1, fmt.Sprintf("Xylofonverkstad %d", i)
		entries = append(entries, e)
		began := time.Now()
		if _, err := x.Sync(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
		res, err := x.Search(b.Context(), index.Query{Text: fmt.Sprintf("title:xylofonverkstad title:%d", i)})
		if err != nil || res.Total != 1 {
			b.Fatalf("the changed call: %d found, %v", res.Total, err)
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	f.of["indexed change ms"] = median(took)
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}

func (f *figures) print() {
	at := fmt.Sprintf("%d calls", f.size)
	beside := func(name string, format string) string {
		var out []string
		for _, p := range f.peers {
			if v, ok := f.of[p+" "+name]; ok {
				out = append(out, fmt.Sprintf("%s "+format, p, v))
			}
		}
		return strings.Join(out, "; ")
	}
	row(at+", "+fmt.Sprintf("%.1f MB of text", f.of["text"]/1e6), "", "", "")
	target := func(s string) string {
		if f.size == 50000 {
			return s
		}
		return ""
	}
	row("  indexed", fmt.Sprintf("%.0f/s, CPU %.2f ms each", f.of["utkik calls/s"], f.of["utkik index cpu-s"]*1000/float64(f.size)), target(">= 3300/s"), beside("calls/s", "%.0f/s"))
	row("    size of the text", fmt.Sprintf("%.2f", f.of["utkik of text"]), target("<= 0.6"), beside("of text", "%.2f"))
	for _, class := range append([]string{"all"}, f.classes...) {
		var peers []string
		for _, p := range f.peers {
			m := f.of[p+" "+class+" median"]
			found := ""
			if class != "all" {
				found = fmt.Sprintf(", finding %.2f", f.of[p+" found "+class]/f.of["utkik found "+class])
			}
			peers = append(peers, fmt.Sprintf("%s %.2f, p99 %.0f (%.1f times%s)", p, m, f.of[p+" "+class+" p99"], m/f.of["utkik "+class+" median"], found))
		}
		row("  search, "+class, fmt.Sprintf("%.2f ms, p99 %.1f, p99.9 %.1f", f.of["utkik "+class+" median"], f.of["utkik "+class+" p99"], f.of["utkik "+class+" p99.9"]),
			target("<= 1.5 ms, p99 10"), strings.Join(peers, "; "))
	}
	row("    CPU of a search", fmt.Sprintf("%.2f ms", f.of["utkik cpu-ms"]), "", beside("cpu-ms", "%.2f"))
	row("    after opening, each question once", fmt.Sprintf("%.2f ms, slowest %.0f", f.of["utkik first median"], f.of["utkik first p99.9"]), "", beside("first median", "%.2f"))
	row("  a page, 50 readers who look at it for a second", fmt.Sprintf("%.1f ms, p99 %.1f", f.of["page median"], f.of["page p99"]), target("<= 4 ms"), fmt.Sprintf("CPU of the server %.2f ms a page", f.of["page cpu-ms"]))
	row("    50 who do not", fmt.Sprintf("%.0f pages/s", f.of["pages/s"]), "", fmt.Sprintf("%.0f ms each", f.of["hard median"]))
	row("  the interface, 50 programs: a search", fmt.Sprintf("%.1f ms, p99 %.1f", f.of["api search median"], f.of["api search p99"]), "",
		fmt.Sprintf("a call %.1f ms, p99 %.1f", f.of["api call median"], f.of["api call p99"]))
	row("  start of `utkik search`", fmt.Sprintf("%.0f ms", f.of["start ms"]), target("<= 150 ms"), fmt.Sprintf("CPU %.0f ms; a start that does nothing %.0f ms, CPU %.0f ms", f.of["start cpu-ms"], f.of["idle ms"], f.of["idle cpu-ms"]))
	row("  `utkik serve` ready", fmt.Sprintf("%.0f ms", f.of["serve ms"]), "", fmt.Sprintf("its first page %.0f ms", f.of["first page ms"]))
	row("    memory", fmt.Sprintf("%.0f MB, %.0f of it its own", f.of["serve MB"], f.of["serve own MB"]), target("<= 80 MB"),
		fmt.Sprintf("after the readers %.0f MB, %.0f of it its own; the rest is the program and the index, mapped", f.of["served MB"], f.of["served own MB"]))
	row("  a change is found", fmt.Sprintf("%.0f ms", f.of["change ms"]), "", fmt.Sprintf("stored, matched, linked and indexed; the index alone %.0f ms; `serve` looks every 5 s", f.of["indexed change ms"]))
	row("  `utkik import`, all of it", fmt.Sprintf("%.0f/s", f.of["import/s"]), "", fmt.Sprintf("CPU %.1f s", f.of["import cpu-s"]))
}

// grown tells how figures grow with the number of calls.
func grown(all []figures) {
	if len(all) < 2 {
		return
	}
	a, z := all[0], all[len(all)-1]
	line := func(what string, names ...string) {
		var out []string
		for _, name := range names {
			var sizes, took []float64
			for _, f := range all {
				sizes, took = append(sizes, float64(f.size)), append(took, f.of[name])
			}
			if p, ok := power(sizes, took); ok {
				label := strings.TrimSuffix(strings.TrimPrefix(name, "utkik "), " median")
				out = append(out, fmt.Sprintf("%s %.2f", label, p))
			}
		}
		row("  "+what, strings.Join(out, ", "), "", "")
	}
	row(fmt.Sprintf("growth from %d to %d calls, as a power", a.size, z.size), "", "", "1 is in proportion")
	var names []string
	for _, class := range append([]string{"all"}, a.classes...) {
		names = append(names, "utkik "+class+" median")
	}
	line("search, median", names...)
	line("search, p99", "utkik all p99")
	line("page", "page median", "page cpu-ms")
	line("start, memory, change, change in the index", "start ms", "serve own MB", "change ms", "indexed change ms")
	for _, p := range z.peers {
		if slices.Contains(a.peers, p) {
			line(p, p+" all median")
		}
	}
}
