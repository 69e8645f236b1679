package digest

import (
	"strings"
	"time"

	"utkik/internal/call"
)

// Matter is something that whoever looks after an installation is told once, and once more when it is mended.
type Matter struct {
	Key    string // source:ft-portal:broken, mail:server, mail:kultur/2026-05-13
	Text   string // what is the matter, and what to do
	Since  time.Time
	Mended time.Time // zero while it lasts
}

// operatorLanguages are those of the operator's mail, one below the other: nobody has said which one he reads.
var operatorLanguages = [...]string{"sv", "en"}

// Operator writes the mail that tells an operator of matters, oldest first as they are handed in. What stands in a matter's
// text is for whoever mends it, and is said once.
func Operator(matters []Matter) (subject, body string, err error) {
	var b strings.Builder
	for i, lang := range operatorLanguages {
		w, err := newWords(lang)
		if err != nil {
			return "", "", err
		}
		if i == 0 {
			subject = w.operatorSubject(matters)
		} else {
			b.WriteString("\n" + w.t("operator.language") + "\n\n")
		}
		for _, mended := range []bool{false, true} {
			first := true
			for _, m := range matters {
				if m.Mended.IsZero() == mended {
					continue
				}
				if first {
					heading := w.t("operator.lasts")
					if mended {
						heading = w.t("operator.mended")
					}
					b.WriteString(heading + "\n\n")
					first = false
				}
				b.WriteString("- " + w.matter(m) + "\n")
				if i == 0 && !mended {
					b.WriteString("  " + m.Text + "\n")
				}
			}
			if !first {
				b.WriteString("\n")
			}
		}
		b.WriteString(w.t("operator.once") + "\n")
		if w.err != nil {
			return "", "", w.err
		}
	}
	return subject, b.String(), nil
}

func (w *words) operatorSubject(matters []Matter) string {
	if len(matters) == 1 {
		m := matters[0]
		if !m.Mended.IsZero() {
			return w.f("operator.subject.mended", args{Name: w.matterName(m.Key)})
		}
		return w.f("operator.subject.lasts", args{Name: w.matterName(m.Key)})
	}
	lasting := 0
	for _, m := range matters {
		if m.Mended.IsZero() {
			lasting++
		}
	}
	var parts []string
	if lasting > 0 {
		parts = append(parts, w.n("operator.subject.many", lasting, args{}))
	}
	if n := len(matters) - lasting; n > 0 {
		parts = append(parts, w.n("operator.subject.better", n, args{}))
	}
	return w.f("operator.subject.lasts", args{Name: w.list(parts)})
}

// matter is a matter in a sentence.
func (w *words) matter(m Matter) string {
	when := func(t time.Time) string {
		t = t.In(call.Brussels()) // the clock of Stockholm too
		return w.f("date.clock", args{Date: w.day(t), Clock: w.clock(t)})
	}
	a := args{Name: upper(w.matterName(m.Key)), Date: when(m.Since)}
	if m.Mended.IsZero() {
		return w.f("operator.since", a)
	}
	a.New = when(m.Mended)
	return w.f("operator.until", a)
}

// matterName says what a matter is by its key.
func (w *words) matterName(key string) string {
	about, rest, _ := strings.Cut(key, ":")
	switch {
	case about == "source":
		if source, state, ok := strings.Cut(rest, ":"); ok {
			if name, ok := w.fixed["operator.state."+state]; ok {
				return w.f("operator.source", args{Name: source, Label: name})
			}
		}
	case key == "mail:server":
		return w.t("operator.mail.server")
	case about == "mail":
		address, ok := strings.CutPrefix(rest, "address:")
		if ok {
			return w.f("operator.mail.address", args{Name: address})
		}
		return w.f("operator.mail.refused", args{Name: rest})
	}
	return w.f("operator.other", args{Name: key})
}
