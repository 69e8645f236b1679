package haveyoursay

import "strings"

// stageName says in words what is asked of people in a stage. Adopted acts are open for feedback as proposals are.
func stageName(stage string) string {
	switch stage {
	case "PLANNING_WORKFLOW":
		return "Call for evidence"
	case "OPC_LAUNCHED":
		return "Public consultation"
	case "ISC_WORKFLOW":
		return "Draft act"
	case "ADOPTION_WORKFLOW":
		return "Commission adoption"
	case "INIT_PLANNED":
		return "Planned initiative"
	}
	return ""
}

// actName says in words what kind of act an initiative is to become. The codes are written in both orders
// (REG_DEL, DEL_REG); a code that is not known here is given with spaces in the place of its underscores.
func actName(code string) string {
	switch code {
	case "":
		return ""
	case "PROP_REG":
		return "Proposal for a regulation"
	case "PROP_DIR":
		return "Proposal for a directive"
	case "PROP_DEC":
		return "Proposal for a decision"
	case "PROP_REC":
		return "Proposal for a recommendation"
	case "REG":
		return "Regulation"
	case "DIR":
		return "Directive"
	case "DEC":
		return "Decision"
	case "REG_DEL", "DEL_REG":
		return "Delegated regulation"
	case "REG_IMPL", "IMPL_REG":
		return "Implementing regulation"
	case "DIR_DEL", "DEL_DIR":
		return "Delegated directive"
	case "DIR_IMPL", "IMPL_DIR":
		return "Implementing directive"
	case "DEC_DEL", "DEL_DEC":
		return "Delegated decision"
	case "DEC_IMPL", "IMPL_DEC":
		return "Implementing decision"
	case "EVL", "EVALUATION":
		return "Evaluation"
	case "FC", "FITNESS_CHECK":
		return "Fitness check"
	case "COM", "COMMUNIC":
		return "Communication"
	case "COM_NO_LEG":
		return "Non-legislative act"
	case "REPORT":
		return "Report"
	case "SWD":
		return "Staff working document"
	case "REC":
		return "Recommendation"
	}
	return strings.ReplaceAll(code, "_", " ")
}

// topicLabel gives the portal's label of a policy area whose row carries only the code; empty when it is not known.
func topicLabel(code string) string {
	switch code {
	case "AGRI":
		return "Agriculture and rural development"
	case "ASYL":
		return "Migration and asylum"
	case "BUSINESS":
		return "Business and industry"
	case "CLIMA":
		return "Climate action"
	case "COMP":
		return "Competition"
	case "CONSUM":
		return "Consumers"
	case "CULT":
		return "Culture and media"
	case "CUSTOMS":
		return "Customs"
	case "DIGITAL":
		return "Digital economy and society"
	case "EMPL":
		return "Employment and social affairs"
	case "ENER":
		return "Energy"
	case "ENV":
		return "Environment"
	case "FINANCE":
		return "Banking and financial services"
	case "FOOD":
		return "Food safety"
	case "FOREIGN":
		return "Foreign affairs and security policy"
	case "HEALTH":
		return "Public health"
	case "HOME":
		return "Home affairs"
	case "HUMAN":
		return "Humanitarian aid and civil protection"
	case "INST":
		return "Institutional affairs"
	case "JUST":
		return "Justice and fundamental rights"
	case "MARE":
		return "Maritime affairs and fisheries"
	case "REGIO":
		return "Regional policy"
	case "RESEARCH":
		return "Research and innovation"
	case "SINGMARK":
		return "Single market"
	case "SPORT":
		return "Sport"
	case "STAT":
		return "Statistics"
	case "TAX":
		return "Taxation"
	case "TRADE":
		return "Trade"
	case "TRANSPORT":
		return "Transport"
	case "YOUTH":
		return "Youth"
	}
	return ""
}
