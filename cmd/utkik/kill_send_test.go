package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// mailing gives the installation a mail server of its own, and recipients.
func (w *watched) mailing(now time.Time) {
	w.t.Helper()
	var err error
	if w.sink, err = newSink("127.0.0.1"); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.sink.close)
	f, err := os.OpenFile(w.file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "mail: {host: 127.0.0.1, port: %d, from: utkik@example.org, tls: none, connections: %d}\n", w.sink.port, workers); err != nil {
		w.t.Fatal(err)
	}
	w.now = now
	w.must("recipients", "add", "utveckling", "--address", "utveckling@example.org", "--department", "regional-utveckling")
	w.must("recipients", "add", "ledning", "--address", "ledning@example.org", "--department", "regionledning", "--lang", "en")
	w.must("recipients", "add", "strateg", "--address", "strateg@example.org", "--name", "Strateg", "--follow", "department:fui", "--follow", "search:tourism OR energi", "--follow", "programme:CEF")
}

// outboxed are the mails of the outbox.
func (w *watched) outboxed() []mailLine {
	w.t.Helper()
	var out struct {
		Mails []mailLine `json:"mails"`
	}
	if err := json.Unmarshal([]byte(w.must("--json", "outbox", "--limit", "0")), &out); err != nil {
		w.t.Fatal(err)
	}
	return out.Mails
}

// onceEach holds the mails that came to those that were written: each came, and none under two Message-IDs.
func (w *watched) onceEach() {
	w.t.Helper()
	came := map[string]string{} // Message-ID to address
	for _, m := range w.sink.came() {
		came[strings.Trim(m.id, "<>")] = m.to
	}
	for _, m := range w.outboxed() {
		if m.State != "sent" {
			w.t.Errorf("%s is %s: %s", m.Key, m.State, m.Error)
		}
		if to, ok := came[m.MessageID]; !ok || to != m.Address {
			w.t.Errorf("%s, %s, did not come", m.Key, m.MessageID)
		}
		delete(came, m.MessageID)
	}
	for id, to := range came {
		w.t.Errorf("%s to %s came, and was never written", id, to)
	}
}

// again counts the mails that came more than once.
func (w *watched) again() int {
	ids := map[string]bool{}
	came := w.sink.came()
	for _, m := range came {
		ids[m.id] = true
	}
	return len(came) - len(ids)
}

// told gives, for each recipient, what its mails told of.
func (w *watched) told() []string {
	w.t.Helper()
	var out []string
	for _, m := range w.outboxed() {
		var shown struct {
			Digest struct {
				Baselines []struct{ Source string }
				Sections  []struct {
					ID     string
					Groups []struct {
						Items []struct{ Source, Ref string }
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(w.must("--json", "outbox", "show", m.Key)), &shown); err != nil {
			w.t.Fatal(err)
		}
		for _, b := range shown.Digest.Baselines {
			out = append(out, fmt.Sprintf("%s: baseline of %s", m.Recipient, b.Source))
		}
		for _, s := range shown.Digest.Sections {
			if s.ID == "closing_soon" || s.ID == "opening_soon" { // they say where things stand on the day
				continue
			}
			for _, g := range s.Groups {
				for _, it := range g.Items {
					out = append(out, fmt.Sprintf("%s: %s %s/%s", m.Recipient, s.ID, it.Source, it.Ref))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// killedAt runs a command and kills it a little after so many mails have come to the sink in all.
func (w *watched) killedAt(mails int, after time.Duration, args ...string) (killed bool) {
	w.t.Helper()
	c := w.command(args...)
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.sink.mu.Lock()
	w.sink.each = func(n int) {
		if n == mails {
			time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
	}
	w.sink.mu.Unlock()
	err := c.Wait()
	w.sink.mu.Lock()
	w.sink.each = nil
	w.sink.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() != -1 {
		w.t.Errorf("utkik %s, not killed: %v", strings.Join(args, " "), err)
	}
	return err != nil
}

// workers is how many connections the mailing installations open.
const workers = 3

// crowd is how many recipients are added before each kill of TestKilledSending.
const crowd = 12

// TestKilledSending kills the program while it sends, again and again: every recipient gets its mail, and none gets it
// under two Message-IDs.
func TestKilledSending(t *testing.T) {
	program, portal, address, r := hunt(t)
	w := newWatched(t, program, address)
	w.mailing(portal.Days()[0])
	w.must("crawl")
	file := filepath.Join(t.TempDir(), "crowd.yaml")
	added, dead, midst := 3, 0, 0
	add := func() {
		var b strings.Builder
		b.WriteString("recipients:\n")
		for i := range crowd {
			fmt.Fprintf(&b, "  - {id: r%d, address: r%d@example.org, department: %s}\n", added+i, added+i, []string{"kultur", "fui", "tandvard", "regionledning"}[i%4])
		}
		added += crowd
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		w.must("recipients", "import", file)
	}
	add()
	begin := time.Now()
	w.must("digest", "--send")
	long := time.Since(begin)
	for i := range *kills {
		add()
		before := len(w.sink.came())
		killed := false
		if i%3 == 0 { // at any moment
			killed = w.killed(time.Duration(r.Int64N(int64(long*5/4))), "digest", "--send")
		} else { // when so many mails have come, and the last was not answered yet or soon after
			killed = w.killedAt(before+1+r.IntN(crowd), time.Duration(r.Int64N(int64(2*time.Millisecond))), "digest", "--send")
		}
		if killed {
			dead++
			if n := len(w.sink.came()); n > before && n < before+crowd {
				midst++
			}
		}
	}
	w.must("digest", "--send")
	w.must("outbox", "send")
	w.onceEach()
	if n := len(w.outboxed()); n != added {
		t.Errorf("%d mails were written, want one for each of %d recipients", n, added)
	}
	if n := w.again(); n > dead*workers {
		t.Errorf("%d mails came again after %d kills of %d connections", n, dead, workers)
	}
	t.Logf("sending takes %s; killed %d times, %d of them between the first mail and the last: %d mails for %d recipients, %d again under their Message-ID",
		long.Round(time.Millisecond), dead, midst, len(w.sink.came()), added, w.again())
}
