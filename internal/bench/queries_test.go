package bench

import (
	"strings"
	"time"

	"utkik/index"
)

// question is what somebody looks for, in a form that every engine is asked in its own way.
type question struct {
	class  string
	op     string // of the words: and, or, phrase, star (and, the last word begun only)
	words  []string
	not    []string // words that may not be there
	filter filter
}

// filter narrows a question; empty is all.
type filter struct {
	status, kind, source, programme []string
	from, to                        time.Time // some deadline between, both included
}

// text is the question in the language of Utkik.
func (q question) text() string {
	not := ""
	for _, w := range q.not {
		not += " -" + w
	}
	switch q.op {
	case "or":
		return strings.Join(q.words, " OR ")
	case "phrase":
		return `"` + strings.Join(q.words, " ") + `"`
	case "star":
		return strings.Join(q.words, " ") + "*"
	}
	return strings.Join(q.words, " ") + not
}

func (q question) query(now time.Time) index.Query {
	return index.Query{
		Text: q.text(), Now: now, Highlight: true, Sideways: true, Lang: "sv",
		Status: q.filter.status, Kinds: q.filter.kind, Sources: q.filter.source, Programmes: q.filter.programme,
		DeadlineAfter: q.filter.from, DeadlineBefore: q.filter.to,
		Facets: []string{
			index.FacetStatus, index.FacetKind, index.FacetProgramme, index.FacetSource, index.FacetPriority, index.FacetDepartment, index.FacetLanguage,
		},
	}
}

// questions are of the kinds that people write, by class. Codes come from the calls that are searched.
func questions(m *mixer, calls int) []question {
	var out []question
	add := func(class, op, lines string, f filter) {
		for line := range strings.Lines(lines) {
			if words := strings.Fields(line); len(words) > 0 {
				q := question{class: class, op: op, filter: f}
				for _, w := range words {
					if rest, ok := strings.CutPrefix(w, "-"); ok {
						q.not = append(q.not, rest)
					} else {
						q.words = append(q.words, w)
					}
				}
				out = append(out, q)
			}
		}
	}
	add("word", "and", `
		energy
		hydrogen
		biodiversity
		culture
		broadband
		forestry
		tourism
		arctic
		dementia
		battery`, filter{})
	add("and", "and", `
		rural broadband
		regional innovation cohesion
		public transport electric buses
		health data space
		cultural heritage digitisation
		skills green transition
		climate adaptation regions
		circular economy construction
		youth employment social inclusion
		water quality monitoring
		hydrogen valleys demonstration
		small enterprises artificial intelligence`, filter{})
	add("or", "or", `
		energy climate
		hydrogen battery electricity storage
		health care hospitals
		forest forestry wood bioeconomy
		rail transport mobility
		culture music film heritage
		school education youth skills
		region municipality local authorities
		water sea river lakes fishing
		artificial intelligence data computing
		innovation research development
		rural arctic northern sparsely populated`, filter{})
	add("phrase", "phrase", `
		climate change
		artificial intelligence
		public health
		research and innovation
		small and medium-sized enterprises
		member states
		cultural heritage
		circular economy
		renewable energy sources`, filter{})
	add("svenska", "and", `
		kompetensförsörjning
		klimatanpassning kommuner
		kollektivtrafik glesbygd
		skogsbruk
		bredband
		järnväg
		hälsa
		äldreomsorg digitalisering
		kultur turism
		vätgas energi
		besöksnäring
		vattenkvalitet
		jarnvag godstrafik`, filter{})
	add("star, mistake, not", "star", `
		energi
		bio
		digital heal`, filter{})
	add("star, mistake, not", "and", `
		hydrgen
		kolektivtrafik
		innovaton regions
		energy -nuclear
		forest -fire -wildfire`, filter{})
	// Codes whole and begun, of calls that are there.
	codes := 0
	for i := calls / 3; codes < 8 && i < calls; i++ {
		c := m.call(i)
		if strings.Count(c.Identifier, "-") < 3 {
			continue
		}
		if codes++; codes%2 == 0 {
			cut := strings.LastIndexByte(c.Identifier, '-')
			out = append(out, question{class: "code", op: "star", words: []string{c.Identifier[:cut]}})
			continue
		}
		out = append(out, question{class: "code", op: "and", words: []string{c.Identifier}})
	}
	open := filter{status: []string{"open", "forthcoming"}}
	summer := filter{from: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), to: time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC)}
	portal := filter{source: []string{"ft-portal"}, kind: []string{"call"}, status: []string{"open", "closed"}}
	add("filtered", "and", `
		energy
		innovation regions`, open)
	add("filtered", "or", `
		climate environment biodiversity`, open)
	add("filtered", "and", `
		digital
		health`, summer)
	add("filtered", "or", `
		energy transport research
		culture education`, portal)
	add("filtered", "and", `
		hydrogen`, filter{programme: []string{"HORIZON"}})
	for _, f := range []filter{{}, open, summer, portal, {status: []string{"open"}, programme: []string{"HORIZON", "DIGITAL", "LIFE2027"}}} {
		out = append(out, question{class: "no words", op: "and", filter: f})
	}
	return out
}
