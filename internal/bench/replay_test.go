package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// replayDay is an ordinary day of the portal's timeline: 786 open and forthcoming calls.
const replayDay = "2026-05-13"

// replay starts the portal of a real day on a free port and gives its address.
func replay(b *testing.B) string {
	b.Helper()
	script := shared(b, "portals", "ft", "replay.py")
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Skip("python3 is not installed: the replayed portal needs it")
	}
	cmd := exec.CommandContext(b.Context(), python, script, "--port", "0", "--seed", "1", "--day", replayDay)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("the replay did not start: %v", err)
	}
	for _, word := range strings.Fields(line) { // portal of 2026-05-13 on http://127.0.0.1:40123 (786 rows)
		if strings.HasPrefix(word, "http://") {
			return word
		}
	}
	b.Fatalf("the replay said %q", line)
	return ""
}

// sent is a request that the crawler made.
type sent struct {
	method, path string
	header       http.Header
	body         []byte
}

// overheard lets the program crawl once through a proxy, and gives what it asked for.
func overheard(b *testing.B, p program, base string) []sent {
	b.Helper()
	target, err := url.Parse(base)
	if err != nil {
		b.Fatal(err)
	}
	var mu sync.Mutex
	var out []sent
	proxy := httputil.NewSingleHostReverseProxy(target)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		out = append(out, sent{r.Method, r.URL.RequestURI(), r.Header.Clone(), body})
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	defer s.Close()
	crawl(b, p.fresh(b, s.URL), "06")
	return out
}

// again asks for the same with net/http, one after the other, and reads the answers: the server's own time,
// and the least that fetching can take.
func again(b *testing.B, base string, requests []sent) time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	began := time.Now()
	for _, r := range requests {
		req, err := http.NewRequestWithContext(b.Context(), r.method, base+r.path, bytes.NewReader(r.body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header = r.header.Clone()
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatalf("%s %s: status %d, %v", r.method, r.path, resp.StatusCode, err)
		}
	}
	return time.Since(began)
}

// line is what the program tells of a run.
type line struct {
	Started, Ended                 time.Time
	Requests, Added, Changed, Seen int
	NotModified                    int `json:"not_modified"`
	Bytes                          int64
	Complete, Suspect              bool
}

func crawl(b *testing.B, p program, hour string) (line, cost) {
	b.Helper()
	return p.reads(b, "--now", replayDay+"T"+hour+":00:00Z", "--json", "crawl", "ft-portal")
}

// reads runs a command that reads one source, well and to its end.
func (p program) reads(b *testing.B, args ...string) (line, cost) {
	b.Helper()
	out, c := p.run(b, args...)
	var answer struct{ Runs []line }
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Runs) != 1 || !answer.Runs[0].Complete || answer.Runs[0].Suspect {
		b.Fatalf("%v: %s", err, out)
	}
	return answer.Runs[0], c
}

// BenchmarkReplay crawls a real day of the Funding & Tenders Portal from nothing, and again when nothing has
// changed, each as a process of its own: fetch, parse, store, match, index. Beside it the same requests with
// net/http, and a start of the program that does nothing.
func BenchmarkReplay(b *testing.B) {
	base := replay(b)
	p := build(b)
	requests := overheard(b, p, base)
	var first, second, digests, idles costs
	var server []float64
	var was, is line
	log := 0
	for b.Loop() {
		server = append(server, again(b, base, requests).Seconds())
		p := p.fresh(b, base)
		idles = append(idles, p.idle(b))
		var c cost
		was, c = crawl(b, p, "06")
		first = append(first, c)
		before, _ := p.run(b, "--json", "changes")
		exported, _ := p.run(b, "export")
		is, c = crawl(b, p, "09")
		second = append(second, c)
		after, _ := p.run(b, "--json", "changes")
		log += bytes.Count(after, []byte("\n")) - bytes.Count(before, []byte("\n"))
		if again, _ := p.run(b, "export"); !bytes.Equal(again, exported) {
			b.Fatal("an unchanged crawl altered calls")
		}
		_, c = p.run(b, "--now", replayDay+"T18:00:00Z", "digest", "--all", "--date", replayDay)
		digests = append(digests, c)
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(median(server), "server-s")
	b.ReportMetric(idles.cpu(), "start-cpu-s")
	b.ReportMetric(idles.rss(), "start-MB")
	b.ReportMetric(float64(was.Seen), "calls")
	b.ReportMetric(float64(was.Bytes)/1e6, "answers-MB")
	b.ReportMetric(float64(was.Requests), "first-requests")
	b.ReportMetric(first.wall(), "first-s")
	b.ReportMetric(first.cpu(), "first-cpu-s")
	b.ReportMetric(first.rss(), "first-MB")
	b.ReportMetric(float64(is.Requests), "second-requests")
	b.ReportMetric(float64(is.NotModified), "second-304")
	b.ReportMetric(float64(is.Added+is.Changed+log), "second-added")
	b.ReportMetric(second.wall(), "second-s")
	b.ReportMetric(second.cpu(), "second-cpu-s")
	b.ReportMetric(second.rss(), "second-MB")
	b.ReportMetric(digests.cpu(), "digests-cpu-s")
	b.ReportMetric(digests.wall(), "digests-s")
}
