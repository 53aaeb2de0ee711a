"""The subset of Verilog that kernels are written in: what may appear, and what to write instead of the rest.

Syntax kinds are named as slang names them. `ALLOWED` is the whole list of what may appear: a kind that is in neither table is
refused too, only with a plainer message. `REFUSED` gives each refusal its class: what could reach out of the design (the
bench, files, the shell, time itself) breaches an integrity rule; what is merely beyond the simulator or the synthesiser is
a mistake.
"""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """Why a construct is refused."""

    what: str
    """Plural, so that "... are not part of the kernel language" can follow."""
    hint: str
    """What to write instead."""
    failure: str = "source_reject"
    """The value of the `backends.verilog.classes.Failure`."""


_STRUCTURE = """
    CompilationUnit ModuleDeclaration ModuleHeader AnsiPortList NonAnsiPortList ImplicitAnsiPort ImplicitNonAnsiPort PortReference
    PortDeclaration NetPortHeader VariablePortHeader ParameterPortList ParameterDeclaration ParameterDeclarationStatement
    Declarator EqualsValueClause ImplicitType LogicType RegType BitType IntType IntegerType ByteType ShortIntType LongIntType
    NamedType StructType StructUnionMember EnumType TypedefDeclaration VariableDimension RangeDimensionSpecifier
    DataDeclaration NetDeclaration GenvarDeclaration PackageDeclaration PackageHeader
    PackageImportDeclaration PackageImportItem EmptyMember
    ContinuousAssign AlwaysBlock AlwaysCombBlock AlwaysFFBlock AlwaysLatchBlock InitialBlock GenerateRegion LoopGenerate
    IfGenerate CaseGenerate GenerateBlock NamedBlockClause HierarchyInstantiation HierarchicalInstance InstanceName
    NamedPortConnection OrderedPortConnection EmptyPortConnection WildcardPortConnection ParameterValueAssignment
    NamedParamAssignment OrderedParamAssignment PrimitiveInstantiation FunctionDeclaration FunctionPrototype FunctionPortList
    FunctionPort TaskDeclaration UnionType
"""
_STATEMENTS = """
    TimingControlStatement EventControl EventControlWithExpression ImplicitEventControl ParenthesizedEventExpression
    SignalEventExpression BinaryEventExpression SequentialBlockStatement ConditionalStatement ConditionalPredicate
    ConditionalPattern ElseClause CaseStatement StandardCaseItem DefaultCaseItem ForLoopStatement ForVariableDeclaration
    LoopStatement ExpressionStatement EmptyStatement
"""
_EXPRESSIONS = """
    IdentifierName IdentifierSelectName ScopedName MemberAccessExpression ElementSelectExpression ElementSelect BitSelect
    SimpleRangeSelect AscendingRangeSelect DescendingRangeSelect IntegerLiteralExpression IntegerVectorExpression
    UnbasedUnsizedLiteralExpression StringLiteralExpression ParenthesizedExpression ConcatenationExpression
    MultipleConcatenationExpression ConditionalExpression CastExpression InvocationExpression ArgumentList OrderedArgument
    SystemName SimplePropertyExpr SimpleSequenceExpr AssignmentExpression NonblockingAssignmentExpression AddExpression
    SubtractExpression MultiplyExpression DivideExpression ModExpression PowerExpression BinaryAndExpression BinaryOrExpression
    BinaryXorExpression BinaryXnorExpression LogicalAndExpression LogicalOrExpression EqualityExpression InequalityExpression
    LessThanExpression LessThanEqualExpression GreaterThanExpression GreaterThanEqualExpression LogicalShiftLeftExpression
    LogicalShiftRightExpression ArithmeticShiftLeftExpression ArithmeticShiftRightExpression UnaryPlusExpression
    UnaryMinusExpression UnaryBitwiseNotExpression UnaryBitwiseAndExpression UnaryBitwiseOrExpression UnaryBitwiseXorExpression
    UnaryBitwiseNandExpression UnaryBitwiseNorExpression UnaryBitwiseXnorExpression UnaryLogicalNotExpression
    PostincrementExpression PostdecrementExpression UnaryPreincrementExpression UnaryPredecrementExpression
    AddAssignmentExpression SubtractAssignmentExpression MultiplyAssignmentExpression DivideAssignmentExpression
    ModAssignmentExpression AndAssignmentExpression
    OrAssignmentExpression XorAssignmentExpression LogicalLeftShiftAssignmentExpression LogicalRightShiftAssignmentExpression
    ArithmeticLeftShiftAssignmentExpression ArithmeticRightShiftAssignmentExpression
"""
ALLOWED = frozenset((_STRUCTURE + _STATEMENTS + _EXPRESSIONS).split())
"""Every syntax kind that may appear."""

DROPPED = frozenset({"AttributeInstance"})
"""Kinds that are left out of the canonical text, so that no tool ever reads them."""

_DIRECTIVES = """
    TimeScaleDirective DefaultNetTypeDirective DefineDirective UndefDirective UndefineAllDirective IfDefDirective
    IfNDefDirective ElsIfDirective ElseDirective EndIfDirective CellDefineDirective EndCellDefineDirective ResetAllDirective
    MacroUsage
"""
DIRECTIVES = frozenset(_DIRECTIVES.split())
"""Directives that may appear; all are done with before the canonical text."""

SYSTEM_NAMES = frozenset({"$signed", "$unsigned", "$clog2", "$bits", "$countones", "$onehot"})
"""System functions that may be called: pure ones, that every tool here knows."""

NET_TYPES = frozenset({"WireKeyword", "TriKeyword", "Supply0Keyword", "Supply1Keyword"})
"""Net types that every tool here agrees on."""

GATES = frozenset(
    {"AndKeyword", "NandKeyword", "OrKeyword", "NorKeyword", "XorKeyword", "XnorKeyword", "NotKeyword", "BufKeyword"}
)
"""Primitive gates that may be instantiated: those that drive 0 or 1."""

MISTAKE = "not_synthesizable"
"""The class of what is no breach of integrity, only beyond the tools."""


def _refuse(kinds: str, what: str, hint: str, failure: str = "source_reject") -> dict[str, Refusal]:
    return dict.fromkeys(kinds.split(), Refusal(what, hint, failure))


REFUSED: dict[str, Refusal] = {
    # What reaches out of the design, or into time.
    **_refuse(
        "DelayControl Delay3 OneStepDelay CycleDelay TimeLiteralExpression TimingControlExpression TimeUnitsDeclaration",
        "delays",
        "remove it, and count clock cycles in a register where something must wait",
    ),
    **_refuse("ForeverStatement", "forever loops", "use always @(posedge clk)"),
    **_refuse(
        "ParallelBlockStatement WaitForkStatement DisableForkStatement",
        "fork blocks",
        "hardware is parallel: one always block each",
    ),
    **_refuse("WaitStatement WaitOrderStatement", "wait statements", "test the condition at each posedge clk"),
    **_refuse(
        "BlockingEventTriggerStatement NonblockingEventTriggerStatement EventType RepeatedEventControl",
        "events",
        "signal with a register of one bit",
    ),
    **_refuse(
        "ProceduralForceStatement ProceduralReleaseStatement", "force and release", "assign the signal in one always block"
    ),
    **_refuse(
        "ProceduralAssignStatement ProceduralDeassignStatement",
        "procedural continuous assignments",
        "use = or <= inside always, or assign outside",
    ),
    **_refuse("DefParam", "defparam statements", "pass parameters at the instance: sub #(.WIDTH(8)) u (...)"),
    **_refuse("DPIImport DPIExport", "DPI functions", "write a Verilog function"),
    **_refuse("BindDirective BindTargetList", "bind statements", "instantiate the module where it belongs"),
    **_refuse("RootScope UnitScope", "references to $root and $unit", "connect a port, or use a parameter or package"),
    **_refuse("ConfigDeclaration LibraryDeclaration LibraryIncludeStatement", "configurations and libraries", "remove it"),
    **_refuse("FinalBlock", "final blocks", "remove it: a design has no end"),
    **_refuse("SpecifyBlock SpecparamDeclaration SystemTimingCheck", "specify blocks", "remove it"),
    **_refuse("ElabSystemTask", "elaboration system tasks", "remove it"),
    **_refuse("ProgramDeclaration AnonymousProgram CheckerDeclaration", "programs and checkers", "use a module"),
    **_refuse(
        "ClassDeclaration NewClassExpression CovergroupDeclaration VirtualInterfaceType", "classes and covergroups", "use modules"
    ),
    **_refuse(
        "ConcurrentAssertionMember ImmediateAssertionMember ImmediateAssertStatement ImmediateAssumeStatement"
        " ImmediateCoverStatement AssertPropertyStatement AssumePropertyStatement CoverPropertyStatement PropertyDeclaration"
        " SequenceDeclaration ClockingDeclaration DeferredAssertion",
        "assertions",
        "remove it: the bench checks the design",
    ),
    **_refuse(
        "WildcardEqualityExpression WildcardInequalityExpression", "==? and !=?", "mask and compare, or use casez", MISTAKE
    ),
    # What is no hardware, or what Icarus 11 or Yosys 0.70 cannot take.
    **_refuse("CaseEqualityExpression CaseInequalityExpression", "=== and !==", "write == or !=: hardware knows no X", MISTAKE),
    **_refuse("VoidType", "void functions", "write a task", MISTAKE),
    **_refuse("UdpDeclaration", "user-defined primitives", "write a module with assign or a case statement", MISTAKE),
    **_refuse(
        "InterfaceDeclaration InterfaceHeader InterfacePortHeader ModportDeclaration", "interfaces", "use plain ports", MISTAKE
    ),
    **_refuse(
        "RealType RealTimeType ShortRealType RealLiteralExpression", "real numbers", "use integers with a fixed point", MISTAKE
    ),
    **_refuse("TimeType", "variables of type time", "use a vector of 64 bits", MISTAKE),
    **_refuse("StringType CHandleType VoidCastedCallStatement", "strings and handles", "use vectors", MISTAKE),
    **_refuse("JumpStatement", "break and continue", "put the rest of the loop body under an if", MISTAKE),
    **_refuse("ReturnStatement", "return statements", "assign the result to the function's name", MISTAKE),
    **_refuse("DisableStatement", "disable statements", "put the rest of the block under an if", MISTAKE),
    **_refuse("DoWhileStatement", "do-while loops", "use a for loop with constant bounds", MISTAKE),
    **_refuse("ForeachLoopStatement ForeachLoopList", "foreach loops", "use for (i = 0; i < N; i = i + 1)", MISTAKE),
    **_refuse(
        "AssignmentPatternExpression SimpleAssignmentPattern StructuredAssignmentPattern ReplicatedAssignmentPattern",
        "assignment patterns '{...}",
        "concatenate a packed value {a, b}, or assign memory elements one by one",
        MISTAKE,
    ),
    **_refuse(
        "StreamingConcatenationExpression",
        "streaming concatenations",
        "concatenate the parts, or reverse bits in a loop",
        MISTAKE,
    ),
    **_refuse("InsideExpression", "inside expressions", "compare with == and || or use a case statement", MISTAKE),
    **_refuse("SignedCastExpression", "signed'() and unsigned'()", "write $signed(x) or $unsigned(x)", MISTAKE),
    **_refuse("TypeParameterDeclaration TypeReference", "type parameters", "use an integer parameter for the width", MISTAKE),
    **_refuse("LetDeclaration", "let declarations", "use a function", MISTAKE),
    **_refuse("NetAlias", "alias statements", "use assign", MISTAKE),
    **_refuse("ForwardTypedefDeclaration", "forward typedefs", "declare the type before it is used", MISTAKE),
    **_refuse(
        "QueueDimensionSpecifier WildcardDimensionSpecifier",
        "queues and associative arrays",
        "use a memory with a pointer",
        MISTAKE,
    ),
    **_refuse(
        "TaggedUnionExpression TaggedPattern MatchesClause PatternCaseItem", "pattern matching", "use a case statement", MISTAKE
    ),
    **_refuse(
        "PackageExportDeclaration PackageExportAllDeclaration", "package exports", "import the package where it is used", MISTAKE
    ),
    **_refuse("ExplicitAnsiPort ExplicitNonAnsiPort PortConcatenation", "port expressions", "name each port simply", MISTAKE),
    **_refuse(
        "NamedArgument EmptyArgument DefaultFunctionPort",
        "named and omitted arguments",
        "pass every argument by position",
        MISTAKE,
    ),
    **_refuse("NamedLabel", "labels in front of statements", "name the block: begin : name", MISTAKE),
    **_refuse("LocalVariableDeclaration", "variables of properties", "declare a signal", MISTAKE),
    **_refuse("MinTypMaxExpression", "min:typ:max expressions", "write one number", MISTAKE),
    **_refuse("DriveStrength ChargeStrength PullStrength", "drive strengths", "drive each net once", MISTAKE),
    **_refuse("ExternModuleDecl ExternInterfaceMethod ExternUdpDecl", "extern declarations", "write the module itself", MISTAKE),
    **_refuse("NetTypeDeclaration UserDefinedNetDeclaration", "user-defined net types", "use wire", MISTAKE),
    **_refuse("LogicalEquivalenceExpression LogicalImplicationExpression", "-> and <->", "write !a || b, or a == b", MISTAKE),
}
"""Kinds with a better answer than "not part of the language"."""

TOKENS: dict[str, Refusal] = {
    "InOutKeyword": Refusal("inout ports", "use one input and one output"),
    "RefKeyword": Refusal("ref arguments", "use an input", MISTAKE),
    "TaggedKeyword": Refusal("tagged unions", "use a packed struct", MISTAKE),
    "VarKeyword": Refusal("var declarations", "write logic without var", MISTAKE),
    "ConstKeyword": Refusal("const variables", "write localparam", MISTAKE),
    "StaticKeyword": Refusal("static variables", "declare a register in the module", MISTAKE),
    "EdgeKeyword": Refusal("edge events", "use posedge clk", "clock"),
    "IffKeyword": Refusal("iff conditions on events", "test the condition inside the block", MISTAKE),
    "TriAndKeyword": Refusal("wired nets", "use wire, and one driver", MISTAKE),
}
"""Keywords that are refused wherever they stand."""
