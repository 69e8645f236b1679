package text

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"utkik/internal/call"
)

// corpus hands each real call to f. It stands outside the project, and only its facts are used.
func corpus(t *testing.T, f func(*call.Call)) {
	t.Helper()
	name := filepath.Join("..", "..", "..", "shared", "corpus", "calls.jsonl.gz")
	file, err := os.Open(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs the real calls of ../shared/corpus, which is not here: %v", err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c, err := call.Decode(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		f(&c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestCorpus holds the promises of the package against real texts, and its reading of dates against
// deadlines that the same source states in a field of its own.
func TestCorpus(t *testing.T) {
	t.Parallel()
	stated, read := 0, 0
	corpus(t, func(c *call.Call) {
		if title := Clean(c.Title); Clean(title) != title {
			t.Errorf("%s: title is not clean after Clean", c.Key())
		}
		plain := FromPlain(c.Text)
		normal(t, c.Key().String(), plain)
		last := 0
		for _, x := range Sentences(plain) {
			if x.Start < last || x.End <= x.Start || strings.Contains(plain[x.Start:x.End], "\n\n") {
				t.Errorf("%s: sentence %+v", c.Key(), x)
			}
			last = x.End
		}
		for _, w := range Words(plain) {
			if w.Text == "" {
				t.Errorf("%s: empty word at %d", c.Key(), w.Start)
			}
		}
		_, after, ok := strings.Cut(c.Text, "ista dag att svara på remissen är")
		if !ok || len(c.Deadlines) == 0 {
			return
		}
		after, _, _ = strings.Cut(after, "\n")
		stated++
		m, ok := ParseDate(after, Options{Near: c.Opens.Time()})
		if ok && slices.ContainsFunc(c.Deadlines, func(d call.Moment) bool { return d.Date() == m.Date() }) {
			read++
		} else {
			t.Logf("%s: deadlines %v, read %v in %.80q", c.Key(), c.Deadlines, m, after)
		}
	})
	t.Logf("%d of %d stated deadlines read alike", read, stated)
	if read*100 < stated*99 {
		t.Errorf("%d of %d stated deadlines read alike, want 99 of 100", read, stated)
	}
}
