package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"utkik/internal/plan"
)

// The most that a term or a rule may weigh, for or against: 3 is the subject itself, 5 leaves room for a
// code that settles the matter alone.
const maxWeight = 5

// ruleFields are the fields of a call that a rule may look at, as plan.Rule names them.
var ruleFields = []string{"programme", "call", "identifier", "topic", "source", "kind", "division", "action_type"}

// DecodePlan reads one plan file. name is how messages call the file. Everything that is wrong is told at
// once, as [Problems] with their lines: unknown and missing keys, wrong types, ids that are used twice or
// mean nothing, an empty vocabulary, weights out of range.
func DecodePlan(name string, data []byte) (*plan.Plan, error) {
	r := planReader{file: name}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, Problems{syntaxProblem(name, err)}.Err()
	}
	if len(doc.Content) == 0 {
		r.add(0, "", "the file is empty; doc/plans.md shows what a plan holds")
		return nil, r.problems.Err()
	}
	p := r.plan(doc.Content[0])
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// planReader walks the nodes of a plan file and gathers what is wrong.
type planReader struct {
	file     string
	problems Problems

	// Where ids were first used, and what names them; compared when the whole file has been read.
	goals, networks, priorities, departments map[string]int
	uses                                     []use
}

// use is one mention of an id that must be declared elsewhere in the file.
type use struct {
	declared *map[string]int
	what     string
	key, id  string
	line     int
}

func (r *planReader) add(line int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// fields are the keys that a mapping may have; each reads its value.
type fields map[string]func(key string, n *yaml.Node)

// mapping reads the keys of n. Those listed in required must be there.
func (r *planReader) mapping(key string, n *yaml.Node, known fields, required ...string) {
	if n.Kind != yaml.MappingNode {
		r.add(n.Line, key, "want keys with values, got %s", got(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		full := joined(key, k.Value)
		read, ok := known[k.Value]
		switch {
		case !ok:
			r.add(k.Line, full, "unknown key%s", hint(k.Value, sortedKeys(known), "keys"))
		case seen[k.Value]:
			r.add(k.Line, full, "the key stands twice")
		case v.Kind == yaml.AliasNode:
			r.add(v.Line, full, "aliases are not read in plan files; write the value out")
		default:
			read(full, v)
		}
		seen[k.Value] = true
	}
	for _, k := range required {
		if !seen[k] {
			r.add(n.Line, joined(key, k), "missing")
		}
	}
}

// each reads the items of a list; an absent value is an empty one.
func (r *planReader) each(key string, n *yaml.Node, read func(key string, n *yaml.Node)) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.add(n.Line, key, "want a list, got %s", got(n))
		return
	}
	for i, item := range n.Content {
		full := key + "[" + strconv.Itoa(i) + "]"
		if item.Kind == yaml.AliasNode {
			r.add(item.Line, full, "aliases are not read in plan files; write the value out")
			continue
		}
		read(full, item)
	}
}

// text reads a value of words. Numbers are words too: "2030" needs no quotes.
func (r *planReader) text(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			r.add(n.Line, key, "want text, got %s", got(n))
			return
		}
		*into = strings.Join(strings.Fields(n.Value), " ")
		if *into == "" {
			r.add(n.Line, key, "empty; leave the key out or give it a value")
		}
	}
}

func (r *planReader) texts(into *[]string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.each(key, n, func(key string, n *yaml.Node) {
			var s string
			r.text(&s)(key, n)
			*into = append(*into, s)
		})
	}
}

func (r *planReader) weight(into *float64) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		v, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || err != nil || math.IsNaN(v) {
			r.add(n.Line, key, "want a number from -%d to %d, got %s", maxWeight, maxWeight, got(n))
			return
		}
		if v == 0 || math.Abs(v) > maxWeight {
			r.add(n.Line, key, "%v is no weight; want -%d to %d and not 0", v, maxWeight, maxWeight)
			return
		}
		*into = v
	}
}

var idShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// id reads an id that the rest of the program uses in addresses and file names.
func (r *planReader) id(into *string, declared *map[string]int) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.text(into)(key, n)
		if *into != "" && !idShape.MatchString(*into) {
			r.add(n.Line, key, "%q is no id; want small letters a to z, digits and single hyphens", *into)
		}
		r.declare(key, n.Line, *into, declared)
	}
}

func (r *planReader) declare(key string, line int, id string, declared *map[string]int) {
	if declared == nil || id == "" {
		return
	}
	if *declared == nil {
		*declared = map[string]int{}
	}
	if first, ok := (*declared)[id]; ok {
		r.add(line, key, "%q stands already in line %d", id, first)
		return
	}
	(*declared)[id] = line
}

// ids reads a list of ids that are declared elsewhere in the file.
func (r *planReader) ids(into *[]string, what string, declared *map[string]int) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.each(key, n, func(key string, n *yaml.Node) {
			var s string
			r.text(&s)(key, n)
			if slices.Contains(*into, s) {
				r.add(n.Line, key, "%q stands twice in the list", s)
			}
			*into = append(*into, s)
			r.uses = append(r.uses, use{declared, what, key, s, n.Line})
		})
	}
}

func (r *planReader) plan(n *yaml.Node) *plan.Plan {
	p := &plan.Plan{}
	r.mapping("", n, fields{
		"id":        r.id(&p.ID, nil),
		"name":      r.text(&p.Name),
		"name_en":   r.text(&p.NameEN),
		"authority": r.text(&p.Authority),
		"language":  r.text(&p.Language),
		"document":  r.text(&p.Document),
		"goals": func(key string, n *yaml.Node) {
			r.each(key, n, func(key string, n *yaml.Node) { p.Goals = append(p.Goals, r.goal(key, n)) })
		},
		"networks": func(key string, n *yaml.Node) {
			r.each(key, n, func(key string, n *yaml.Node) { p.Networks = append(p.Networks, r.network(key, n)) })
		},
		"departments": func(key string, n *yaml.Node) {
			r.each(key, n, func(key string, n *yaml.Node) { p.Departments = append(p.Departments, r.department(key, n)) })
		},
		"priorities": func(key string, n *yaml.Node) {
			r.each(key, n, func(key string, n *yaml.Node) { p.Priorities = append(p.Priorities, r.priority(key, n)) })
		},
		"weights": func(key string, n *yaml.Node) { p.Weights = r.weights(key, n) },
		"learned": func(key string, n *yaml.Node) {
			r.text(&p.LearnedFile)(key, n)
			p.LearnedLine = n.Line
			if p.LearnedFile != "" && !fs.ValidPath(p.LearnedFile) {
				r.add(n.Line, key, "%q is no file beside the plan; want a name such as learned/%s.yaml", p.LearnedFile, cmp.Or(p.ID, "plan"))
			}
		},
	}, "id", "name", "authority", "language", "goals", "priorities")
	if n.Kind == yaml.MappingNode && len(p.Priorities) == 0 {
		r.add(n.Line, "priorities", "a plan needs at least one priority to match calls to")
	}
	for _, u := range r.uses {
		if _, ok := (*u.declared)[u.id]; !ok && u.id != "" {
			r.add(u.line, u.key, "no %s has the id %q; known are %s", u.what, u.id, strings.Join(sortedKeys(*u.declared), ", "))
		}
	}
	return p
}

// weights reads the factors on the matcher's own numbers.
func (r *planReader) weights(key string, n *yaml.Node) plan.Weights {
	var w plan.Weights
	known := fields{}
	for _, f := range w.Factors() {
		known[f.Name] = func(key string, n *yaml.Node) {
			v, err := strconv.ParseFloat(n.Value, 64)
			if n.Kind != yaml.ScalarNode || err != nil || !(v >= plan.MinFactor && v <= plan.MaxFactor) {
				r.add(n.Line, key, "want a factor from %v to %v, 1 to change nothing, got %s", plan.MinFactor, plan.MaxFactor, got(n))
				return
			}
			*f.Value = v
		}
	}
	r.mapping(key, n, known)
	return w
}

// DecodeLearned reads a file of learned words and gives p with them. What is wrong is told at once, as for [DecodePlan].
func DecodeLearned(name string, data []byte, p *plan.Plan) (*plan.Plan, error) {
	r := planReader{file: name, priorities: map[string]int{}}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, Problems{syntaxProblem(name, err)}.Err()
	}
	if len(doc.Content) == 0 {
		r.add(0, "", "the file is empty; leave it out of the plan")
		return nil, r.problems.Err()
	}
	learned := make([][]plan.Learned, len(p.Priorities))
	known := fields{}
	for i := range p.Priorities {
		known[p.Priorities[i].ID] = func(key string, n *yaml.Node) { learned[i] = r.learned(key, n) }
	}
	var of string // the plan on whose vocabulary they were learned; a copy of it under another name may use them
	r.mapping("", doc.Content[0], fields{
		"plan":       r.text(&of),
		"priorities": func(key string, n *yaml.Node) { r.mapping(key, n, known) },
	}, "plan", "priorities")
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	return p.WithLearned(learned), nil
}

// learned reads what was learned for one priority: by place, each word with its points.
func (r *planReader) learned(key string, n *yaml.Node) []plan.Learned {
	var out []plan.Learned
	known := fields{}
	for in, most := range map[string]int{plan.InText: 2, plan.InTitle: 1, plan.InCode: 1} {
		known[in] = func(key string, n *yaml.Node) {
			if n.Kind != yaml.MappingNode {
				r.add(n.Line, key, "want words with their points, got %s", got(n))
				return
			}
			seen := map[string]int{}
			for i := 0; i+1 < len(n.Content); i += 2 {
				k, v := n.Content[i], n.Content[i+1]
				full := joined(key, k.Value)
				x := plan.Learned{In: in, Words: k.Value, Line: k.Line}
				words := strings.Fields(k.Value)
				miscut := in != plan.InCode && slices.ContainsFunc(words, func(w string) bool {
					stem, cut := strings.CutSuffix(w, "*")
					n := utf8.RuneCountInString(stem)
					return strings.Contains(stem, "*") || n > plan.LearnedLetters || cut != (n == plan.LearnedLetters)
				})
				first, again := seen[k.Value]
				switch points, err := strconv.ParseFloat(v.Value, 64); {
				case len(words) == 0 || len(words) > most || strings.Join(words, " ") != k.Value:
					r.add(k.Line, full, "too many words; want at most %d", most)
				case miscut:
					r.add(k.Line, full, "a word is known by its first %d letters: cut longer ones and put a star there, and none behind shorter ones", plan.LearnedLetters)
				case again:
					r.add(k.Line, full, "stands already in line %d", first)
				case v.Kind != yaml.ScalarNode || err != nil || !(math.Abs(points) <= plan.MostLearned) || points == 0:
					r.add(v.Line, full, "want points from -%d to %d and not 0, got %s", plan.MostLearned, plan.MostLearned, got(v))
				default:
					x.Points = points
					out = append(out, x)
				}
				seen[k.Value] = k.Line
			}
		}
	}
	r.mapping(key, n, known)
	return out
}

func (r *planReader) goal(key string, n *yaml.Node) plan.Goal {
	var g plan.Goal
	r.mapping(key, n, fields{
		"id":         r.id(&g.ID, &r.goals),
		"name":       r.text(&g.Name),
		"name_en":    r.text(&g.NameEN),
		"aims":       r.texts(&g.Aims),
		"activities": r.activities(&g.Activities),
	}, "id", "name")
	return g
}

func (r *planReader) network(key string, n *yaml.Node) plan.Network {
	var w plan.Network
	r.mapping(key, n, fields{
		// An id as the plan writes it, such as "AER YRN": people read it in the activities.
		"id": func(key string, n *yaml.Node) {
			r.text(&w.ID)(key, n)
			r.declare(key, n.Line, w.ID, &r.networks)
		},
		"name": r.text(&w.Name),
		"note": r.text(&w.Note),
	}, "id", "name")
	return w
}

func (r *planReader) department(key string, n *yaml.Node) plan.Department {
	var d plan.Department
	r.mapping(key, n, fields{
		"id":         r.id(&d.ID, &r.departments),
		"name":       r.text(&d.Name),
		"name_en":    r.text(&d.NameEN),
		"priorities": r.ids(&d.Priorities, "priority", &r.priorities),
	}, "id", "name", "priorities")
	return d
}

func (r *planReader) activities(into *[]plan.Activity) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.each(key, n, func(key string, n *yaml.Node) {
			var a plan.Activity
			var with []string
			r.mapping(key, n, fields{
				"heading":  r.text(&a.Heading),
				"text":     r.text(&a.Text),
				"networks": r.ids(&a.Networks, "network", &r.networks),
				"with":     r.texts(&with),
			}, "heading", "text")
			a.Networks = append(a.Networks, with...)
			*into = append(*into, a)
		})
	}
}

func (r *planReader) priority(key string, n *yaml.Node) plan.Priority {
	var p plan.Priority
	r.mapping(key, n, fields{
		"id":         r.id(&p.ID, &r.priorities),
		"name":       r.text(&p.Name),
		"name_en":    r.text(&p.NameEN),
		"goals":      r.ids(&p.Goals, "goal", &r.goals),
		"text":       r.text(&p.Text),
		"text_en":    r.text(&p.TextEN),
		"activities": r.activities(&p.Activities),
		"vocabulary": func(key string, n *yaml.Node) {
			r.each(key, n, func(key string, n *yaml.Node) { p.Vocabulary = append(p.Vocabulary, r.term(key, n)) })
		},
		"rules": func(key string, n *yaml.Node) {
			r.each(key, n, func(key string, n *yaml.Node) { p.Rules = append(p.Rules, r.rule(key, n)) })
		},
		"always": r.exceptions(&p.Always),
		"never":  r.exceptions(&p.Never),
	}, "id", "name", "goals", "text", "vocabulary")
	positive := func(t plan.Term) bool { return t.Weight >= 0 } // 0: a weight that could not be read is told already
	if n.Kind == yaml.MappingNode && !slices.ContainsFunc(p.Vocabulary, positive) {
		r.add(n.Line, joined(key, "vocabulary"), "no term speaks for the priority; give it at least one with a positive weight")
	}
	decided := map[string]bool{}
	for _, e := range p.Always {
		decided[e.Source+"/"+e.Ref] = true
	}
	for _, e := range p.Never {
		if decided[e.Source+"/"+e.Ref] {
			r.add(e.Line, joined(key, "never"), "%s/%s stands under always too", e.Source, e.Ref)
		}
	}
	return p
}

// A star may stand at either end of a word and nowhere else, and not alone.
var termWord = regexp.MustCompile(`^\*?[^*]+\*?$`)

func (r *planReader) term(key string, n *yaml.Node) plan.Term {
	t := plan.Term{Line: n.Line}
	r.mapping(key, n, fields{
		"sv":     r.text(&t.SV),
		"en":     r.texts(&t.EN),
		"weight": r.weight(&t.Weight),
		"note":   r.text(&t.Note),
	}, "weight")
	if n.Kind == yaml.MappingNode && t.SV == "" && len(t.EN) == 0 {
		r.add(n.Line, key, "a term needs words: sv, en or both")
	}
	for _, phrase := range append([]string{t.SV}, t.EN...) {
		for _, w := range strings.Fields(phrase) {
			if !termWord.MatchString(w) {
				r.add(n.Line, key, "%q: a star may stand at the beginning or the end of a word, beside letters", phrase)
			}
		}
	}
	return t
}

func (r *planReader) rule(key string, n *yaml.Node) plan.Rule {
	u := plan.Rule{Line: n.Line}
	r.mapping(key, n, fields{
		"field": func(key string, n *yaml.Node) {
			r.text(&u.Field)(key, n)
			if u.Field != "" && !slices.Contains(ruleFields, u.Field) {
				r.add(n.Line, key, "%q is no field of a rule; known are %s", u.Field, strings.Join(ruleFields, ", "))
			}
		},
		"pattern": r.text(&u.Pattern),
		"weight":  r.weight(&u.Weight),
		"note":    r.text(&u.Note),
	}, "field", "pattern", "weight")
	return u
}

func (r *planReader) exceptions(into *[]plan.Exception) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.each(key, n, func(key string, n *yaml.Node) {
			e := plan.Exception{Line: n.Line}
			r.mapping(key, n, fields{
				"source": r.text(&e.Source),
				"ref":    r.text(&e.Ref),
				"who":    r.text(&e.Who),
				"why":    r.text(&e.Why),
			}, "source", "ref", "who", "why")
			for _, o := range *into {
				if o.Source == e.Source && o.Ref == e.Ref {
					r.add(n.Line, key, "%s/%s stands already in line %d", e.Source, e.Ref, o.Line)
				}
			}
			*into = append(*into, e)
		})
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// got describes a value that is not what it should be. Nothing in a plan is secret, so it can be quoted.
func got(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return "nothing"
	case n.Kind == yaml.ScalarNode:
		return strconv.Quote(n.Value)
	}
	return described(n)
}
