package crawler

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// noted is a kind of HTML pages: a list of links, and a page an item.
type noted struct{}

func (noted) Start(src kind.Source) []kind.Request {
	return []kind.Request{{Name: "list", URL: src.Address["list"], Accept: []string{"text/html"}}}
}

func (noted) Parse(src kind.Source, d kind.Document) (kind.Page, error) {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(d.Body))
	if err != nil {
		return kind.Page{}, err
	}
	p := kind.Page{Total: -1}
	if d.Request.Name == "list" {
		p.Listing = "list"
		doc.Find("a").Each(func(_ int, a *goquery.Selection) {
			p.Next = append(p.Next, kind.Request{Name: "page", URL: strings.TrimSuffix(d.URL, "/list") + a.AttrOr("href", ""), Accept: []string{"text/html"}})
		})
		return p, nil
	}
	p.Items = []kind.Item{{Call: call.Call{Source: src.ID, Ref: d.URL, Kind: call.KindCall, Title: doc.Find("h1").Text(), Text: doc.Find("p").Text()}}}
	return p, nil
}

// BenchmarkCrawlHTML reads 2,051 pages of 20 KB on the loopback: through the engine at delay 0 with four
// requests at a time, again when nothing has changed, and, for comparison in the same run, with net/http and the
// same parser, and with net/http alone.
func BenchmarkCrawlHTML(b *testing.B) {
	const pages = 2050
	page := []byte("<!DOCTYPE html><html><body><h1>Call</h1>" + strings.Repeat("<p>"+strings.Repeat("Regional cooperation in the north. ", 28)+"</p>\n", 20) + "</body></html>")
	var list bytes.Buffer
	for i := range pages {
		fmt.Fprintf(&list, "<a href=\"/page?n=%d\">%d</a>\n", i, i)
	}
	serve := func(w http.ResponseWriter, req *http.Request, body []byte) {
		if w.Header().Set("ETag", `"1"`); req.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(304)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(body)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/list", func(w http.ResponseWriter, req *http.Request) { serve(w, req, list.Bytes()) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, req *http.Request) { serve(w, req, page) })
	site := httptest.NewServer(mux)
	defer site.Close()
	src := kind.Source{ID: "village", Address: map[string]string{"list": site.URL + "/list"}}
	rate := func(b *testing.B) { b.ReportMetric(float64((pages+1)*b.N)/b.Elapsed().Seconds(), "pages/s") }
	cfg := quick()
	cfg.Parallel = 4
	e, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	run := func(b *testing.B, s Sink) {
		rep, err := e.Run(context.Background(), src, noted{}, s)
		if err != nil || !rep.Complete || rep.Seen != pages {
			b.Fatalf("err %v, report %q, seen %d", err, rep.Err, rep.Seen)
		}
	}
	b.Run("engine", func(b *testing.B) {
		for b.Loop() {
			run(b, drain{})
		}
		rate(b)
	})
	b.Run("engine-unchanged", func(b *testing.B) {
		s := newShelf()
		run(b, s)
		b.ResetTimer()
		for b.Loop() {
			run(b, s)
		}
		rate(b)
	})
	for name, parse := range map[string]bool{"net-http-parsed": true, "net-http": false} {
		b.Run(name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}}
			defer client.CloseIdleConnections()
			for b.Loop() {
				todo := make(chan string)
				done := make(chan error, 4)
				for range 4 {
					go func() {
						var err error
						for u := range todo {
							var body []byte
							if body, err = get(client, u); err != nil {
								break
							}
							if parse {
								_, err = noted{}.Parse(src, kind.Document{Request: kind.Request{Name: "page"}, URL: u, Body: body})
							}
						}
						done <- err
					}()
				}
				for i := range pages {
					todo <- fmt.Sprintf("%s/page?n=%d", site.URL, i)
				}
				close(todo)
				for range 4 {
					if err := <-done; err != nil {
						b.Fatal(err)
					}
				}
			}
			rate(b)
		})
	}
}

func get(c *http.Client, u string) ([]byte, error) {
	resp, err := c.Get(u)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// drain keeps nothing.
type drain struct{}

func (drain) Stored(context.Context, string) (kind.Document, bool, error) {
	return kind.Document{}, false, nil
}
func (drain) Keep(context.Context, kind.Document, string) error        { return nil }
func (drain) Absent(context.Context, []kind.Item) ([]call.Call, error) { return nil, nil }
