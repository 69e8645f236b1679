// Package bench measures the program as its users run it: the binary, on a replayed day of the real portal and on
// the corpus, and, in the same run, what it is to be compared with. There are no tests here, so that nothing that
// takes its time from a clock can fail; ./bench runs it and prints the table that doc/performance.md explains.
package bench

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/call"
)

// shared gives a path of the real captures beside the checkout, or skips: they are no part of the repository.
func shared(b *testing.B, path ...string) string {
	b.Helper()
	name, err := filepath.Abs(filepath.Join(append([]string{"..", "..", "..", "shared"}, path...)...))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(name); err != nil {
		b.Skipf("../shared/%s is not beside this checkout", strings.Join(path, "/"))
	}
	return name
}

// corpus hands on the real calls of the corpus, one at a time. Nothing may pile up here: Linux counts the memory
// that a process had when it started another one as the peak of that other.
func corpus(b *testing.B, each func(*call.Call)) {
	b.Helper()
	f, err := os.Open(shared(b, "corpus", "calls.jsonl.gz"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c, err := call.Decode(lines.Bytes())
		if err != nil {
			b.Fatal(err)
		}
		each(&c)
	}
	if err := lines.Err(); err != nil {
		b.Fatal(err)
	}
}

// program is the built binary with an installation of its own.
type program struct {
	binary string
	dir    string
}

func build(b *testing.B) program {
	b.Helper()
	p := program{dir: b.TempDir()}
	p.binary = filepath.Join(p.dir, "utkik.exe")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", p.binary, "../../cmd/utkik").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return p
}

// fresh is the same binary with an empty installation that reads the portal at base.
func (p program) fresh(b *testing.B, base string) program {
	b.Helper()
	p.dir = b.TempDir()
	text := fmt.Sprintf("data: %q\nlog_level: error\n", filepath.Join(p.dir, "data"))
	if base != "" {
		text += fmt.Sprintf("sources: [{id: ft-portal, base: %q, delay: 0s}]\ncrawler: {only: ft-portal, allow_private: true, delay: 0s}\n", base)
	}
	if err := os.WriteFile(p.file(), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	return p
}

// open opens the installation in this process, at a time in the form of RFC 3339.
func (p program) open(b *testing.B, now string) *app.App {
	b.Helper()
	cfg, err := config.Load(config.Options{File: p.file(), Flags: config.Flags{Now: now}})
	if err != nil {
		b.Fatal(err)
	}
	a, err := app.Open(b.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	return a
}

// add writes more into the installation's configuration.
func (p program) add(b *testing.B, text string) {
	b.Helper()
	f, err := os.OpenFile(p.file(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
}

// stored puts the installation's store at an address; empty leaves it in a file.
func (p program) stored(b *testing.B, url string) {
	if url != "" {
		p.add(b, fmt.Sprintf("store: {url: %q}\n", url))
	}
}

func (p program) file() string { return filepath.Join(p.dir, "utkik.yaml") }

// command is the program without the environment's own keys, which would alter what is measured.
func (p program) command(b *testing.B, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.Context(), p.binary, append([]string{"--config", p.file()}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "UTKIK_") })
	return cmd
}

// cost is what one run of the program took: seconds, and megabytes of memory at the peak.
type cost struct{ wall, cpu, rss float64 }

// timed runs a command to its end.
func timed(cmd *exec.Cmd) (cost, error) {
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	if cmd.ProcessState == nil {
		return cost{}, err
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return cost{wall.Seconds(), used.Seconds(), peak(cmd.ProcessState)}, err
}

// run runs the program to its end.
func (p program) run(b *testing.B, args ...string) ([]byte, cost) {
	b.Helper()
	cmd := p.command(b, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	c, err := timed(cmd)
	if err != nil {
		b.Fatalf("utkik %v: %v\n%s", args, err, errs.String())
	}
	return out.Bytes(), c
}

// costs gathers runs; what it gives is their median, which a busy machine moves least.
type costs []cost

func (c costs) of(part func(cost) float64) float64 {
	values := make([]float64, len(c))
	for i := range c {
		values[i] = part(c[i])
	}
	return median(values)
}

func (c costs) wall() float64 { return c.of(func(c cost) float64 { return c.wall }) }
func (c costs) cpu() float64  { return c.of(func(c cost) float64 { return c.cpu }) }
func (c costs) rss() float64  { return c.of(func(c cost) float64 { return c.rss }) }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// idle runs a command that only reads the configuration: what starting the program costs by itself.
func (p program) idle(b *testing.B) cost {
	b.Helper()
	_, c := p.run(b, "config")
	return c
}

// BenchmarkCold starts `utkik search` on 50,000 stored calls, and `utkik serve` on the same.
func BenchmarkCold(b *testing.B) {
	const size = 50_000
	shared(b, "corpus")
	p := build(b).fresh(b, "")
	input := filepath.Join(p.dir, "calls.jsonl")
	repeat(b, input, size)
	const now = "2026-06-20T06:00:00Z"
	_, imported := p.run(b, "--now", now, "import", input)
	var searches, idles costs
	for b.Loop() {
		out, c := p.run(b, "--now", now, "--json", "search", "energi klimat")
		var answer struct{ Total int }
		if err := json.Unmarshal(out, &answer); err != nil || answer.Total == 0 {
			b.Fatalf("%v: %s", err, out)
		}
		searches = append(searches, c)
		idles = append(idles, p.idle(b))
	}
	b.ReportMetric(1000*searches.wall(), "search-ms")
	b.ReportMetric(1000*idles.wall(), "start-ms")
	b.ReportMetric(searches.rss(), "search-MB")
	b.ReportMetric(size/imported.wall, "imported/s")
	b.ReportMetric(imported.rss, "import-MB")
	b.ReportMetric(0, "ns/op") // says nothing here
	if runtime.GOOS != "linux" {
		return
	}
	cmd := p.command(b, "--now", now, "serve", "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // nothing is being written
		_ = cmd.Wait()
	}()
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	get(b, strings.TrimSpace(address))
	b.ReportMetric(resident(b, cmd.Process.Pid), "serve-MB")
	for i := range 50 {
		get(b, fmt.Sprintf("%s?q=%s", strings.TrimSpace(address), []string{"energi", "climate", "kultur", "health"}[i%4]))
	}
	b.ReportMetric(resident(b, cmd.Process.Pid), "served-MB")
}

// repeat writes n calls in the exchange format: the corpus, over and over under new refs.
func repeat(b *testing.B, name string, n int) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i, round := 0, 0; i < n; round++ {
		corpus(b, func(c *call.Call) {
			if i++; i > n {
				return
			}
			c.Ref = fmt.Sprintf("%s-%d", c.Ref, round)
			line, err := call.Encode(c)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = w.Write(append(line, '\n')) // Flush tells
		})
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
}

func get(b *testing.B, url string) {
	b.Helper()
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("GET %s: status %d, %v", url, resp.StatusCode, err)
	}
}

// resident gives the memory of a process on Linux, in MB.
func resident(b *testing.B, pid int) float64 { return memory(b, pid, "VmRSS") }

// memory gives what Linux counts of a process under a name: RssAnon is its own, beside files that it has mapped. In MB.
func memory(b *testing.B, pid int, name string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	var kb float64
	_, rest, _ := strings.Cut(string(status), name+":")
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
