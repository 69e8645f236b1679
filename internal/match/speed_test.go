package match_test

import (
	"flag"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
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

var profileSizes = flag.String("profiles", "10,1000,25000,225000", "how many `profiles` BenchmarkProfiles matches against, in rising order, with commas between")

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

// The most profiles with which the slower ways are measured, so that it takes a minute: reasons, and a query a profile.
const mostReasons, mostQueries = 10_000, 1_000

// BenchmarkProfiles matches the corpus, in an order of chance, against more and more profiles, on one processor.
// Reached is the first step, yes or no; Scores is what a digest takes, weighed; Match writes the reasons too. growth
// is the exponent by which the time of a call grows with the profiles, from the row of the size before; wall-calls/s
// is what the clock says, calls/s what the processor was used for. The naive ways stand below for the sizes that they
// can do at all. It prints rows for ./bench.
func BenchmarkProfiles(b *testing.B) {
	calls := corpus(b)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(calls), func(i, k int) { calls[i], calls[k] = calls[k], calls[i] })
	phrases := phrasesFrom(calls)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	took := map[string]float64{} // by way and size: seconds a call
	var sizes []int
	for field := range strings.SplitSeq(*profileSizes, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || len(sizes) > 0 && n <= sizes[len(sizes)-1] {
			b.Fatalf("-profiles %q: want rising numbers with commas between", *profileSizes)
		}
		sizes = append(sizes, n)
	}
	row := func(what, figure, beside string) { fmt.Printf("ROW\t%s\t%s\t\t%s\n", what, figure, beside) }
	rate := func(way string, n int) string {
		switch t := took[fmt.Sprint(way, n)]; {
		case t == 0:
			return "not measured"
		case t > 0.01:
			return fmt.Sprintf("%.2g", 1/t)
		default:
			return fmt.Sprintf("%.0f", 1/t)
		}
	}
	for at, n := range sizes {
		grown := func(way string, each float64) (float64, bool) {
			if at == 0 || took[fmt.Sprint(way, sizes[at-1])] == 0 {
				return 0, false
			}
			return math.Log(each/took[fmt.Sprint(way, sizes[at-1])]) / math.Log(float64(n)/float64(sizes[at-1])), true
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			before, began := heap(), cpu()
			s, err := match.NewSet(profiles(n, phrases))
			if err != nil {
				b.Fatal(err)
			}
			built, peak := (cpu() - began).Seconds(), heapPeak()
			held := heap() - before
			var scores []match.Score
			var powers []string
			for _, way := range []struct {
				name string
				most int
				of   func(*call.Call) int
			}{
				{"Reached", math.MaxInt, s.Reached},
				{"Scores", math.MaxInt, func(c *call.Call) int {
					scores = s.Scores(scores[:0], c, match.Floor)
					return len(scores)
				}},
				{"Match", mostReasons, func(c *call.Call) int { return len(s.Match(c, match.Floor)) }},
			} {
				if n > way.most {
					continue
				}
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
					if p, ok := grown(way.name, each); ok {
						b.ReportMetric(p, "growth")
						powers = append(powers, fmt.Sprintf("%s %.2f", way.name, p))
					}
					if way.name == "Reached" {
						b.ReportMetric(held, "heap-MB")
						b.ReportMetric(peak, "peak-MB")
						b.ReportMetric(built, "build-s")
					}
				})
			}
			beside := fmt.Sprintf("heap %.3g MB, %.0f at the peak, corpus included; built in %.2g s", held, peak, built)
			if len(powers) > 0 {
				beside += fmt.Sprintf("; grown from %d with the power %s", sizes[at-1], strings.Join(powers, ", "))
			}
			row(fmt.Sprintf("match, %d profiles, a core", n), fmt.Sprintf("%s calls/s, weighed %s, with reasons %s", rate("Reached", n), rate("Scores", n), rate("Match", n)), beside)
			if n > mostQueries {
				return
			}
			qs := queries(profiles(n, phrases))
			b.Run("BleveACallAtATime", func(b *testing.B) { took[fmt.Sprint("one", n)] = naive(b, calls, qs, 1) })
			b.Run("Bleve200Calls", func(b *testing.B) { took[fmt.Sprint("many", n)] = naive(b, calls, qs, 200) })
			both, ours, theirs := agreed(b, calls[:200], n, phrases)
			row("  a query a profile, Bleve in memory", fmt.Sprintf("%s calls/s, 200 at once %s", rate("one", n), rate("many", n)),
				fmt.Sprintf("one pass is %.0f and %.0f times as fast; of plain phrases both find %d pairs, we alone %d, Bleve alone %d",
					took[fmt.Sprint("one", n)]/took[fmt.Sprint("Reached", n)], took[fmt.Sprint("many", n)]/took[fmt.Sprint("Reached", n)], both, ours, theirs))
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
func queries(plans iter.Seq[*plan.Plan]) []query.Query {
	var out []query.Query
	for p := range plans {
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

// inMemory puts texts into an index in memory, by their number.
func inMemory(b *testing.B, texts []string) bleve.Index {
	b.Helper()
	field := bleve.NewTextFieldMapping()
	field.Analyzer, field.Store, field.IncludeInAll, field.DocValues = simple.Name, false, false, false
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt("text", field)
	m := bleve.NewIndexMapping()
	m.DefaultMapping = doc
	x, err := bleve.NewMemOnly(m)
	if err != nil {
		b.Fatal(err)
	}
	batch := x.NewBatch()
	for i, text := range texts {
		if err := batch.Index(fmt.Sprint(i), map[string]string{"text": text}); err != nil {
			b.Fatal(err)
		}
	}
	if err := x.Batch(batch); err != nil {
		b.Fatal(err)
	}
	return x
}

// naive puts calls into an index in memory, so many at a time, and asks it every query. It reads titles and the
// beginnings of texts, as matching does. It gives the seconds of a call.
func naive(b *testing.B, calls []call.Call, qs []query.Query, atATime int) float64 {
	b.Helper()
	i, found, start, began := 0, 0, cpu(), time.Now()
	texts := make([]string, atATime)
	for b.Loop() {
		for k := range texts {
			c := &calls[i%len(calls)]
			texts[k] = c.Title + "\n" + strings.ToValidUTF8(c.Text[:min(700, len(c.Text))], "")
			i++
		}
		x := inMemory(b, texts)
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
	each := (cpu() - start).Seconds() / float64(i)
	b.ReportMetric(1/each, "calls/s")
	b.ReportMetric(float64(i)/time.Since(began).Seconds(), "wall-calls/s")
	b.ReportMetric(float64(found)/float64(i), "found/call")
	return each
}

// agreed counts the pairs of a call and a profile that both ways find, and those that only one does, where they can be
// asked the same: of words in lower case, and phrases without stars, hyphens, rules or any that speak against. What
// stands in the boilerplate of a source we pass over, and a query does not.
func agreed(b *testing.B, calls []call.Call, n int, phrases []string) (both, ours, theirs int) {
	b.Helper()
	plain := func(yield func(*plan.Plan) bool) {
		for p := range profiles(n, phrases) {
			for i := range p.Priorities {
				p.Priorities[i].Rules = nil
				for k := range p.Priorities[i].Vocabulary {
					t := &p.Priorities[i].Vocabulary[k]
					t.Weight, t.EN[0] = 1, strings.NewReplacer("*", "", "-", " ").Replace(t.EN[0])
				}
			}
			if !yield(p) {
				return
			}
		}
	}
	set, err := match.NewSet(plain)
	if err != nil {
		b.Fatal(err)
	}
	type pair struct{ call, profile int }
	found := map[pair]bool{}
	texts := make([]string, len(calls))
	for i := range calls {
		words := strings.FieldsFunc(strings.ToLower(calls[i].Title+" "+calls[i].Text[:min(700, len(calls[i].Text))]), func(r rune) bool { return !unicode.IsLetter(r) })
		texts[i] = strings.Join(words, " ")
		c := call.Call{Source: calls[i].Source, Ref: calls[i].Ref, Kind: calls[i].Kind, Language: "en", Title: texts[i]}
		for _, s := range set.Scores(nil, &c, 0) {
			found[pair{i, int(s.Profile)}] = true
		}
	}
	ours = len(found)
	x := inMemory(b, texts)
	for profile, q := range queries(plain) {
		r, err := x.SearchInContext(b.Context(), bleve.NewSearchRequestOptions(q, len(texts), 0, false))
		if err != nil {
			b.Fatal(err)
		}
		for _, h := range r.Hits {
			i, err := strconv.Atoi(h.ID)
			if err != nil {
				b.Fatal(err)
			}
			if found[pair{i, profile}] {
				both++
			} else {
				theirs++
			}
		}
	}
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
	return both, ours - both, theirs
}
