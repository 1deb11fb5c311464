export default {
  title: '心理热线',
  tab: { home: '倾诉', history: '历史', me: '我的', label: '导航' },
  outside: '请在微信小程序中使用本热线。',
  entering: '正在进入',
  emergency: { title: '如果你或身边的人正处于危险中，请立即拨打：', call: '拨打 {name} {number}' },
  consent: {
    title: '开始之前', lead: '请先阅读以下说明', agree: '我同意', wait: '我同意（{n}）', decline: '暂不使用',
    declined: '没关系。需要的时候，随时可以回来。', again: '重新阅读', name: '希望我们怎么称呼你？（可不填）', nameHint: '可以用昵称',
  },
  choose: {
    hello: '你好，{name}', helloNobody: '你好', lead: '想和谁聊聊？', anyone: '马上找人聊聊', anyoneHint: '由有空的咨询师接待',
    onDuty: '今天值班', consulted: '咨询过', rating: '评分 {n}', noRating: '暂无评分', waiting: '{n} 人等待', free: '可以马上开始',
    full: '正在接待，需要等待', nobody: '现在没有咨询师值班', nobodyHint: '很抱歉此刻没能陪着你。请换个时间再来；如果情况紧急，请直接拨打下面的电话。',
    allAway: '值班的咨询师暂时都不在线，你可以先排队，有人上线就会接待你。', start: '开始咨询', wait: '排队等待', with: '咨询 {name}',
    fallback: '如果久等，也可以由其他咨询师接待', now: 'TA 现在有空，可以马上开始。', busy: 'TA 正在忙，前面有 {n} 人等待。',
    away: 'TA 暂时不在线，回来后会接待你。', refresh: '刷新',
  },
  ended: {
    waiting: '抱歉，等待时间太长，这次排队已结束。你可以重新选择，或拨打下面的电话。',
    'counselor-gone': '抱歉，你等待的咨询师暂时无法接待，请重新选择。', administrator: '这次排队已由管理员结束，请重新选择。', other: '这次排队已结束，请重新选择。',
  },
  waiting: {
    title: '正在为你安排', ahead: '前面还有 {n} 位', next: '下一位就是你', with: '等待 {name}', anyone: '等待有空的咨询师', widened: '也可由其他咨询师接待',
    estimate: '预计还要约 {time}', noEstimate: '我们会尽快', since: '已等待 {time}', stay: '可以先关掉页面，你的位置会为你留着。',
    breathe: '跟着圆圈，慢慢呼吸', cancel: '不等了', cancelAsk: '确定不等了吗？你的位置将不再保留。', keep: '继续等',
    offline: '咨询师暂时不在线', away: '咨询师暂时离开', busy: '咨询师正在接待别人', turn: '轮到你了',
  },
  talk: {
    begin: '{name} 已经在这里了。从哪里说起都可以，慢慢来。',
    lasting: '已聊 {time}', end: '结束', endAsk: '确定结束这次咨询吗？', endYes: '结束咨询', endNo: '继续聊', pictures: '图片由对方和督导可见',
    log: '与 {name} 的对话',
  },
  reason: {
    visitor: '你结束了这次咨询', counselor: '咨询师结束了这次咨询', supervisor: '督导结束了这次咨询', administrator: '管理员结束了这次咨询',
    silence: '因为很久没有新消息，咨询自动结束了', limit: '这次咨询的时间到了', absent: '因为你离开了一段时间，咨询自动结束了', banned: '这次咨询已被中止',
    'counselor-gone': '咨询师暂时无法继续，这次咨询已结束',
  },
  rate: {
    title: '这次咨询已结束', with: '与 {name} · {time}', ask: '这次聊得怎么样？', words: '想说的话（可不填）', submit: '提交评价', skip: '以后再说',
    thanks: '谢谢你的反馈', stars: '{n} 星', level1: '不太好', level2: '一般', level3: '还可以', level4: '不错', level5: '很有帮助',
    needLevel: '请选择星级',
  },
  history: {
    title: '历史咨询', empty: '还没有咨询记录', more: '加载更多', rate: '去评价', rated: '已评价', nobody: '未接通', noWords: '这次没有聊天内容', back: '返回',
  },
  me: {
    title: '我的资料', name: '称呼', gender: '性别', female: '女', male: '男', secret: '不说', age: '年龄', phone: '手机号', contact: '紧急联系人',
    contactPhone: '紧急联系人电话', contactHint: '只有在生命安全受到威胁时才会联系 TA。', save: '保存', saved: '已保存', consent: '知情同意书',
    other: '换一个访客身份', otherAsk: '将以新的访客身份重新开始，之前的记录留在原来的身份下。', otherYes: '换身份', sandbox: '演示环境',
  },
}
