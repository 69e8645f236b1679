package govmirror

import (
	"regexp"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/text"
)

// The last day to answer is told in the text alone, in two sentences that the departments have in common, and in many
// variants of them:
//
//	Remissvaren ska ha kommit in till Finansdepartementet senast den 12 januari 2026.
//	Sista dag att svara på remissen är den 23 februari 2026.
//
// A date counts when such words lead to it in its own sentence. Other dates tell when something was decided, is to
// come into force, or is talked over.
var (
	leads = regexp.MustCompile(`(?i)senast|sista\s+(?:svars?)?(?:da?g|datum)|svarsdatum|svarstid|svarsfrist|remisstid|tidsfrist|förläng|på\s+remiss\s+till|` +
		`(?:svar\w*|inkomma|kommit\s+in|inkommit)\b[^.]{0,120}\s(?:till|före|innan|\S*departementet)(?:\s+och\s+med)?\s+den\s*$`)
	other = regexp.MustCompile(`(?i)\bmöte|remissmöte|anmäl|seminari|hearing|trä(?:da|der) i kraft|ikraft|föreslås|presenterade|beslutade|överlämnade|publicera|redovisade`)
	glued = regexp.MustCompile(`(\p{L})(20\d\d\b)`) // "senast den 4 april2016"
)

// answerBy gives the last days to answer a referral that was published on a day, in order of time. Several are stated
// where parts of it, or some of those who were asked, have another.
func answerBy(s string, published time.Time) []call.Moment {
	s = glued.ReplaceAllString(s, "$1 $2")
	var out []call.Moment
	for _, span := range text.Sentences(s) {
		sentence := s[span.Start:span.End]
		for _, d := range text.Dates(sentence, text.Options{Zone: call.Brussels(), Near: published}) {
			if before := sentence[:d.Start]; leads.MatchString(before) && !other.MatchString(before) {
				out = append(out, d.Moment)
			}
		}
	}
	slices.SortStableFunc(out, call.Moment.Compare)
	out = slices.CompactFunc(out, func(a, b call.Moment) bool { return a.Date() == b.Date() })
	// A day that had passed when the referral was published is another one's, unless it is the only one that is stated.
	if i := slices.IndexFunc(out, func(m call.Moment) bool { return !m.Passed(published) }); i > 0 {
		out = out[i:]
	}
	return out
}
