package match_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/simple"
	"github.com/blevesearch/bleve/v2/search/query"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

// Profiles as authorities might write them: 15 priorities a plan, 50 phrases a priority.
const (
	perPlan    = 15
	perProfile = 50
)

// phrasesFrom cuts phrases of one to three words out of the titles of calls. They begin and end with a word of
// four letters or more that stands in less than one title of fifty: nobody makes a profile of "with" and "call".
func phrasesFrom(calls []call.Call) []string {
	var titles [][]string
	in := map[string]int{}
	for i := range calls {
		ws := strings.FieldsFunc(strings.ToLower(calls[i].Title), func(r rune) bool { return strings.ContainsRune(" ,.:;()/\"'’–«»”&", r) })
		titles = append(titles, ws)
		seen := map[string]bool{}
		for _, w := range ws {
			if !seen[w] {
				seen[w] = true
				in[w]++
			}
		}
	}
	says := func(w string) bool {
		strange := strings.ContainsFunc(w, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) })
		return len(w) >= 4 && 50*in[w] < len(calls) && !strange
	}
	var out []string
	for _, ws := range titles {
		for i := range ws {
			for n := 1; n <= 3 && i+n <= len(ws); n++ {
				if says(ws[i]) && says(ws[i+n-1]) {
					out = append(out, strings.Join(ws[i:i+n], " "))
				}
			}
		}
	}
	return out
}

// profiles yields plans of n priorities in all, always the same. A fifth of the phrases goes on with any ending, a few
// with any beginning or both, and one of twenty speaks against.
func profiles(n int, phrases []string) iter.Seq[*plan.Plan] {
	return func(yield func(*plan.Plan) bool) {
		rnd := rand.New(rand.NewPCG(3, 7))
		weights := []float64{3, 2, 2, 1, 1}
		for at := 0; at < n; at += perPlan {
			p := &plan.Plan{ID: fmt.Sprint("plan-", at/perPlan), Language: "sv"}
			for i := range min(perPlan, n-at) {
				pr := plan.Priority{ID: fmt.Sprint("p", i), Name: "Ämne", Text: "Hit hör det som hör hit."}
				for range perProfile {
					w := phrases[rnd.IntN(len(phrases))]
					switch rnd.IntN(50) {
					case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9:
						w += "*"
					case 10:
						w = "*" + w
					case 11:
						w = "*" + w + "*"
					}
					t := plan.Term{EN: []string{w}, Weight: weights[rnd.IntN(len(weights))]}
					if rnd.IntN(20) == 0 {
						t.Weight = -2
					}
					pr.Vocabulary = append(pr.Vocabulary, t)
				}
				for range 2 {
					pr.Rules = append(pr.Rules, plan.Rule{Field: "identifier", Pattern: fmt.Sprintf("HORIZON-CL%d-%d-*", rnd.IntN(7), 2021+rnd.IntN(7)), Weight: 1})
				}
				p.Priorities = append(p.Priorities, pr)
			}
			if !yield(p) {
				return
			}
		}
	}
}

// BenchmarkProfiles matches the corpus, in an order of chance, against more and more profiles, on one processor.
// Reached is the first step, yes or no; Scores is what a digest takes, weighed; Match writes the reasons too. growth
// is the exponent by which the time of a call grows with the profiles, from the row of the size before; wall-calls/s
// is what the clock says, calls/s what the processor was used for. The naive ways stand below for the sizes that they
// can do at all.
func BenchmarkProfiles(b *testing.B) {
	calls := corpus(b)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(calls), func(i, k int) { calls[i], calls[k] = calls[k], calls[i] })
	phrases := phrasesFrom(calls)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	took := map[string]float64{} // by way and size: seconds a call
	sizes := []int{10, 1_000, 25_000, 225_000}
	for at, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			before, began := heap(), cpu()
			s, err := match.NewSet(profiles(n, phrases))
			if err != nil {
				b.Fatal(err)
			}
			built, peak := (cpu() - began).Seconds(), heapPeak()
			held := heap() - before
			var scores []match.Score
			for _, way := range []struct {
				name string
				of   func(*call.Call) int
			}{
				{"Reached", s.Reached},
				{"Scores", func(c *call.Call) int {
					scores = s.Scores(scores[:0], c, match.Floor)
					return len(scores)
				}},
				{"Match", func(c *call.Call) int { return len(s.Match(c, match.Floor)) }},
			} {
				b.Run(way.name, func(b *testing.B) {
					for i := range 500 { // so that words are known, as they are to a program that runs
						way.of(&calls[len(calls)-1-i])
					}
					b.ResetTimer()
					i, found, start := 0, 0, cpu()
					for b.Loop() {
						found += way.of(&calls[i%len(calls)])
						i++
					}
					each := (cpu() - start).Seconds() / float64(i)
					took[fmt.Sprint(way.name, n)] = each
					b.ReportMetric(1/each, "calls/s")
					b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "wall-calls/s")
					b.ReportMetric(float64(found)/float64(i), "found/call")
					if at > 0 {
						last := sizes[at-1]
						if t := took[fmt.Sprint(way.name, last)]; t > 0 {
							b.ReportMetric(math.Log(each/t)/math.Log(float64(n)/float64(last)), "growth")
						}
					}
					if way.name == "Reached" {
						b.ReportMetric(held, "heap-MB")
						b.ReportMetric(peak, "peak-MB")
						b.ReportMetric(built, "build-s")
					}
				})
			}
			if n > 1000 {
				return
			}
			qs := queries(b, n, phrases)
			b.Run("BleveACallAtATime", func(b *testing.B) { naive(b, calls, qs, 1) })
			b.Run("Bleve200Calls", func(b *testing.B) { naive(b, calls, qs, 200) })
		})
	}
}

// heap is the memory in use, in MB.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// heapPeak is the most that the heap has ever taken from the system, in MB.
func heapPeak() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapSys) / (1 << 20)
}

// queries makes a query of each profile: any of its phrases, those with stars by their longest fixed words. What a
// negative term takes away, a query cannot say.
func queries(b *testing.B, n int, phrases []string) []query.Query {
	b.Helper()
	var out []query.Query
	for p := range profiles(n, phrases) {
		for _, pr := range p.Priorities {
			any := bleve.NewDisjunctionQuery()
			for _, t := range pr.Vocabulary {
				w := t.EN[0]
				switch {
				case t.Weight < 0:
				case strings.Contains(w, "*") && !strings.Contains(w, " "):
					q := bleve.NewWildcardQuery(w)
					q.SetField("text")
					any.AddQuery(q)
				default:
					q := bleve.NewMatchPhraseQuery(strings.ReplaceAll(w, "*", ""))
					q.SetField("text")
					any.AddQuery(q)
				}
			}
			out = append(out, any)
		}
	}
	return out
}

// naive puts calls into an index in memory, so many at a time, and asks it every query. It reads titles and the
// beginnings of texts, as matching does.
func naive(b *testing.B, calls []call.Call, qs []query.Query, atATime int) {
	b.Helper()
	field := bleve.NewTextFieldMapping()
	field.Analyzer, field.Store, field.IncludeInAll, field.DocValues = simple.Name, false, false, false
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt("text", field)
	m := bleve.NewIndexMapping()
	m.DefaultMapping = doc
	i, found, start, began := 0, 0, cpu(), time.Now()
	for b.Loop() {
		x, err := bleve.NewMemOnly(m)
		if err != nil {
			b.Fatal(err)
		}
		batch := x.NewBatch()
		for range atATime {
			c := &calls[i%len(calls)]
			if err := batch.Index(fmt.Sprint(i), map[string]string{"text": c.Title + "\n" + strings.ToValidUTF8(c.Text[:min(700, len(c.Text))], "")}); err != nil {
				b.Fatal(err)
			}
			i++
		}
		if err := x.Batch(batch); err != nil {
			b.Fatal(err)
		}
		for _, q := range qs {
			ask := bleve.NewSearchRequestOptions(q, atATime, 0, false)
			ask.Score = "none"
			r, err := x.SearchInContext(b.Context(), ask)
			if err != nil {
				b.Fatal(err)
			}
			found += int(r.Total)
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(i)/(cpu()-start).Seconds(), "calls/s")
	b.ReportMetric(float64(i)/time.Since(began).Seconds(), "wall-calls/s")
	b.ReportMetric(float64(found)/float64(i), "found/call")
}
