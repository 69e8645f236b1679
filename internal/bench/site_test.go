package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"utkik/config"
	"utkik/crawler"
	"utkik/crawler/kind"
)

// village is a site on the loopback that lists so many calls, each with a page of its own of 20 KB, of which a quarter is
// text and the rest what pages have around it. Every answer has an ETag. Pages are written anew for each request, since
// a process with many pages in memory would pass its peak on to the programs that it starts.
type village struct {
	*httptest.Server
	pages     int
	paragraph []string
	around    string
	asked     atomic.Int64
	unchanged atomic.Int64 // answers with 304
}

func newVillage(pages int) *village {
	v := &village{pages: pages}
	words := strings.Fields(`regional cooperation north energy climate rivers forest transport railway harbour digital skills school culture heritage
		health care youth women research innovation tourism reindeer mining steel hydrogen battery village municipality county partners budget project
		application support grant share costs result plan evaluation water soil road bridge library museum music language minority border`)
	for i := range 100 {
		var p strings.Builder
		for k := range 60 {
			p.WriteString(words[(i*31+k*k*7+k)%len(words)])
			p.WriteByte(" ."[min(1, k%12/11)])
			if k%12 == 11 {
				p.WriteByte(' ')
			}
		}
		v.paragraph = append(v.paragraph, p.String())
	}
	var around strings.Builder
	for i := range 120 {
		fmt.Fprintf(&around, "<li class=\"menu__item menu__item--level-%d\"><a class=\"menu__link\" href=\"/about/%d\">About us and ours, part %d</a></li>\n", i%3, i, i)
	}
	v.around = around.String()
	mux := http.NewServeMux()
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "User-agent: *\nDisallow: /about/\n")
	})
	mux.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) { v.answer(w, r, v.list) })
	mux.HandleFunc("/call/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n < 0 || n >= pages {
			http.NotFound(w, r)
			return
		}
		v.answer(w, r, func() []byte { return v.page(n) })
	})
	v.Server = httptest.NewServer(mux)
	return v
}

func (v *village) answer(w http.ResponseWriter, r *http.Request, body func() []byte) {
	v.asked.Add(1)
	w.Header().Set("ETag", `"1"`)
	if r.Header.Get("If-None-Match") == `"1"` {
		v.unchanged.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body()) // whoever asked is gone
}

func (v *village) list() []byte {
	var out bytes.Buffer
	out.WriteString("<!DOCTYPE html><html><head><title>Calls</title></head><body><main>\n")
	for i := range v.pages {
		fmt.Fprintf(&out, "<article><h2><a href=\"/call/%d\">%s</a></h2></article>\n", i, v.title(i))
	}
	out.WriteString("</main></body></html>")
	return out.Bytes()
}

func (v *village) title(n int) string {
	words := strings.Fields(v.paragraph[n%len(v.paragraph)])
	return fmt.Sprintf("Support for %s and %s, round %d", words[n/100%20], words[n/7%20+20], n)
}

func (v *village) page(n int) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!DOCTYPE html><html><head><title>%s</title></head><body><nav><ul>\n%s</ul></nav><main><h1>%s</h1>\n<p>Deadline: %s</p>\n",
		v.title(n), v.around, v.title(n), time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n%300).Format(time.DateOnly))
	for k := range 12 {
		fmt.Fprintf(&out, "<p>%s</p>\n", v.paragraph[(n*7+k*(13+n%11))%len(v.paragraph)])
	}
	out.WriteString("</main><footer><form action=\"/search\"><input name=\"q\"></form></footer></body></html>")
	return out.Bytes()
}

// installed is a fresh installation that watches the village alone, at no pace, with its store at url or in a file.
func (v *village) installed(b *testing.B, built program, url string) program {
	b.Helper()
	p := built.fresh(b, "")
	source, err := os.ReadFile("testdata/village.yaml")
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(p.dir, "mine", "sources")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "village.yaml"), bytes.ReplaceAll(source, []byte("BASE"), []byte(v.URL)), 0o644)); err != nil {
		b.Fatal(err)
	}
	p.add(b, fmt.Sprintf("files: {dir: %q}\ncrawler: {only: village, allow_private: true, delay: 0s}\n", filepath.Dir(dir)))
	p.stored(b, url)
	return p
}

// parse reads every page of the village with the kind of its source, and gives how many bytes they have.
func (v *village) parse(b *testing.B, p program) (size int) {
	b.Helper()
	cfg, err := config.Load(config.Options{File: p.file()})
	if err != nil {
		b.Fatal(err)
	}
	var src kind.Source
	for _, s := range cfg.Sources() {
		if s.ID == "village" {
			src = s
		}
	}
	k := crawler.Kinds()[src.Kind]
	list, err := k.Parse(src, kind.Document{Request: k.Start(src)[0], URL: v.URL + "/list", Status: http.StatusOK, Body: v.list()})
	if err != nil || len(list.Next) != v.pages {
		b.Fatalf("the village's list leads to %d pages, %v", len(list.Next), err)
	}
	for n, req := range list.Next {
		body := v.page(n)
		size += len(body)
		got, err := k.Parse(src, kind.Document{Request: req, URL: req.URL, Status: http.StatusOK, Body: body})
		if err != nil || len(got.Items) != 1 || len(got.Items[0].Call.Deadlines) != 1 || len(got.Items[0].Call.Text) < 3000 {
			b.Fatalf("%s: %d items, %v", req.URL, len(got.Items), err)
		}
	}
	return size
}

// scrapy lets Scrapy read the village, as its guide says: sixteen requests at a time and to a host, no delay, robots.txt obeyed.
// With a folder it keeps answers there, and asks for those again by their ETag. It gives false where there is no Scrapy.
func (v *village) scrapy(b *testing.B, cache string) (cost, bool) {
	b.Helper()
	name, err := exec.LookPath("scrapy")
	if err != nil {
		return cost{}, false
	}
	out := filepath.Join(b.TempDir(), "items.jsonl")
	args := []string{"runspider", "testdata/village_spider.py", "-a", "base=" + v.URL, "-O", out}
	settings := []string{"CONCURRENT_REQUESTS=16", "CONCURRENT_REQUESTS_PER_DOMAIN=16", "DOWNLOAD_DELAY=0", "ROBOTSTXT_OBEY=True", "LOG_LEVEL=ERROR", "TELNETCONSOLE_ENABLED=False"}
	if cache != "" {
		settings = append(settings, "HTTPCACHE_ENABLED=True", "HTTPCACHE_POLICY=scrapy.extensions.httpcache.RFC2616Policy", "HTTPCACHE_DIR="+cache)
	}
	for _, s := range settings {
		args = append(args, "-s", s)
	}
	cmd := exec.CommandContext(b.Context(), name, args...)
	var told bytes.Buffer
	cmd.Stderr = &told
	c, err := timed(cmd)
	if err != nil {
		b.Fatalf("scrapy: %v\n%s", err, told.String())
	}
	items, err := os.ReadFile(out)
	if n := bytes.Count(items, []byte("\n")); err != nil || n != v.pages {
		b.Fatalf("scrapy found %d of %d items, %v\n%s", n, v.pages, err, told.String())
	}
	return c, true
}
