package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/demo"
)

var (
	kills    = flag.Int("kills", 10, "how often TestKilled kills the program on each of two days, and TestKilledSending while it sends")
	killSeed = flag.Uint64("killseed", 0, "seed of the moments at which it does (default: another each time)")
)

// watched is an installation that watches the demo's portals, with a program of its own process.
type watched struct {
	t       *testing.T
	program string
	file    string
	now     time.Time
	sink    *sink // where its mail goes
}

func newWatched(t *testing.T, program, base string) *watched {
	t.Helper()
	dir := t.TempDir()
	w := &watched{t: t, program: program, file: filepath.Join(dir, "utkik.yaml")}
	text := fmt.Sprintf("data: %q\n", filepath.Join(dir, "data")) + fmt.Sprintf(demoConfig, base)
	if err := os.WriteFile(w.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watched) command(args ...string) *exec.Cmd {
	args = append([]string{"--config", w.file, "--now", w.now.Format(time.RFC3339)}, args...)
	return exec.CommandContext(w.t.Context(), w.program, args...)
}

// must runs a command to its end, which must be a good one.
func (w *watched) must(args ...string) string {
	w.t.Helper()
	var errs strings.Builder
	c := w.command(args...)
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		w.t.Fatalf("utkik %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

// killed runs a command and kills it after that time, if it has not ended by itself.
func (w *watched) killed(after time.Duration, args ...string) (killed bool) {
	w.t.Helper()
	c := w.command(args...)
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err := c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() != -1 {
		w.t.Errorf("utkik %s, not killed: %v", strings.Join(args, " "), err)
	}
	return err != nil
}

// changes gives the change log but for the numbers of its lines, which may have gaps.
func (w *watched) changes() []string {
	w.t.Helper()
	var out []string
	for line := range strings.Lines(w.must("changes", "--json")) {
		var c map[string]any
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			w.t.Fatal(err)
		}
		delete(c, "seq")
		b, err := json.Marshal(c)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, string(b))
	}
	slices.Sort(out) // sources are read side by side
	return out
}

// found gives what searches find: total, refs in order and facets.
func (w *watched) found() []string {
	w.t.Helper()
	var out []string
	for _, args := range [][]string{
		{"energi"}, {"health OR culture", "--department", "regional-utveckling"}, {"", "--limit", "100", "--sort", "newest"},
	} {
		var r map[string]any
		if err := json.Unmarshal([]byte(w.must(append([]string{"search", "--json"}, args...)...)), &r); err != nil {
			w.t.Fatal(err)
		}
		delete(r, "took_ms")
		b, err := json.Marshal(r)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

// hunt begins a test that kills: the program, the demo's portal with its address, and the chance by which it is killed, which
// the log tells how to repeat.
func hunt(t *testing.T) (program string, portal *demo.Portal, address string, r *rand.Rand) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SIGKILL is Unix")
	}
	program, err := exec.LookPath("utkik")
	if err != nil {
		t.Fatal(err)
	}
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("go test ./cmd/utkik -run '^%s$' -kills %d -killseed %d", t.Name(), *kills, seed)
	portal = demo.New()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	return program, portal, server.URL, rand.New(rand.NewPCG(seed, 0))
}

// TestKilled kills the program at random moments of its commands, again and again, and lets it finish then: it must have
// and tell what a program has and tells that was never disturbed.
func TestKilled(t *testing.T) {
	program, portal, address, r := hunt(t)
	calm, hunted := newWatched(t, program, address), newWatched(t, program, address)
	calm.mailing(portal.Days()[0])
	hunted.mailing(portal.Days()[0])
	commands := [][]string{{"crawl"}, {"crawl"}, {"crawl"}, {"search", "energi"}, {"reindex"}, {"digest", "--department", "kultur"},
		{"digest", "--send"}, {"digest", "--send"}, {"outbox", "send"}}
	killed := 0
	for n, day := range portal.Days() {
		portal.SetDay(n)
		calm.now, hunted.now = day, day
		begin := time.Now()
		calm.must("crawl")
		long := time.Since(begin)
		dead := 0
		for range *kills {
			if hunted.killed(time.Duration(r.Int64N(int64(long*5/4))), commands[r.IntN(len(commands))]...) {
				dead++
			}
		}
		hunted.must("crawl") // a source that is left locked would fail
		t.Logf("day %d: a crawl takes %s; killed %d times", n, long.Round(time.Millisecond), dead)
		if d := cmp.Diff(calm.changes(), hunted.changes()); d != "" {
			t.Errorf("day %d: change log (-calm +killed):\n%s", n, d)
		}
		if calm.must("export") != hunted.must("export") {
			t.Errorf("day %d: other calls are stored than without kills", n)
		}
		if d := cmp.Diff(calm.found(), hunted.found()); d != "" {
			t.Errorf("day %d: searches (-calm +killed):\n%s", n, d)
		}
		args := []string{"digest", "--department", "regional-utveckling", "--date", day.Format(time.DateOnly)}
		if d := cmp.Diff(calm.must(args...), hunted.must(args...)); d != "" {
			t.Errorf("day %d: digest (-calm +killed):\n%s", n, d)
		}
		calm.must("digest", "--send")
		hunted.must("digest", "--send")
		killed += dead
	}
	// What came after a day's mail is told on the next day on which people work, after Ascension Day.
	for _, w := range []*watched{calm, hunted} {
		w.now = w.now.AddDate(0, 0, 2)
		w.must("digest", "--send")
		w.onceEach()
	}
	if d := cmp.Diff(calm.told(), hunted.told()); d != "" {
		t.Errorf("items told to each (-calm +killed):\n%s", d)
	}
	t.Logf("killed %d times: %d mails came, %d of them again under their Message-ID", killed, len(hunted.sink.came()), hunted.again())
}
