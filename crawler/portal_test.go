package crawler

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
)

// TestRealDayOfThePortal reads a real day of the EU Funding & Tenders Portal, replayed on the loopback, twice: a
// listing that shuffles its ties comes whole, and a second run finds the same.
func TestRealDayOfThePortal(t *testing.T) {
	t.Parallel()
	script := filepath.Join("..", "..", "shared", "portals", "ft", "replay.py")
	if _, err := os.Stat(script); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the replayed portal is not here: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", script, "--port", "0", "--day", "2026-05-13")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	i := strings.Index(line, "http://")
	if i < 0 {
		t.Fatalf("the portal says %q", line)
	}
	src := kind.Source{
		ID: "ft-portal", Kind: "ftportal", Base: strings.Fields(line[i:])[0], Language: "en", Zone: "Europe/Brussels", Clock: "17:00",
		Address: map[string]string{
			"search":  "https://api.tech.ec.europa.eu/search-api/prod/rest/search?apiKey=SEDIA&text=***",
			"facet":   "https://api.tech.ec.europa.eu/search-api/prod/rest/facet?apiKey=SEDIA&text=***",
			"details": "https://ec.europa.eu/info/funding-tenders/opportunities/data/topicDetails/{id}.json",
		},
		Expect: kind.Expect{MinItems: 100},
	}
	e, s := engine(t, quick()), newShelf()
	var seen []int
	for range 2 {
		began := time.Now()
		rep, err := e.Run(t.Context(), src, Kinds()["ftportal"], s)
		if err != nil || !rep.Complete || !rep.Listed {
			t.Fatalf("err %v, report %q, notes %v", err, rep.Err, rep.Notes)
		}
		t.Logf("%d items, %d requests, %d not modified, %d bytes, %s", rep.Seen, rep.Requests, rep.NotModified, rep.Bytes, time.Since(began).Round(time.Millisecond))
		seen = append(seen, rep.Seen)
	}
	if seen[0] != seen[1] || seen[0] < 100 {
		t.Errorf("items %v", seen)
	}
}
